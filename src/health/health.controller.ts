import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/decorators';
import { AppConfig } from '../config/app-config';
import { HealthService, type HealthReport, type StoreCheck } from './health.service';

@ApiTags('health')
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly config: AppConfig,
    private readonly health: HealthService,
  ) {}

  /** Name, version and links. */
  @Get()
  @ApiOperation({ summary: 'What this service is' })
  root(): { service: string; version: string; links: Record<string, string> } {
    const docs: Record<string, string> = this.config.docs ? { docs: '/docs', openapi: '/docs-json' } : {};
    const links = { health: '/health', api: '/api/v1/messages', socket: '/socket.io', ...docs };
    return { service: 'messaging-service', version: this.config.service.version, links };
  }

  /** 200 healthy or degraded, 503 unhealthy. */
  @Get('health')
  @ApiOperation({ summary: 'State of the service and of what it needs' })
  @ApiOkResponse({ description: 'healthy or degraded' })
  @ApiServiceUnavailableResponse({ description: 'unhealthy: the store is away' })
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    const report = await this.health.report();
    if (report.status === 'unhealthy') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  /** The process answers; no I/O, so that a store that is away never restarts a healthy process. */
  @Get('health/live')
  @ApiOperation({ summary: 'Whether the process lives' })
  live(): { status: 'healthy' } {
    return { status: 'healthy' };
  }

  /** 200 when the store answers, else 503. */
  @Get('health/ready')
  @ApiOperation({ summary: 'Whether requests can be served' })
  @ApiServiceUnavailableResponse({ description: 'the store is away' })
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string; checks: { database: StoreCheck } }> {
    const database = await this.health.checkStore();
    if (database.status === 'unhealthy') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: database.status, checks: { database } };
  }
}
