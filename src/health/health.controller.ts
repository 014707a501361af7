import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/decorators';
import { AppConfig } from '../config/app-config';
import { Answers } from '../openapi/answers';
import { HealthSchema, LivenessSchema, ReadinessSchema, RootSchema } from '../openapi/health.schema';
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
  @Answers({ type: RootSchema, ok: { 200: 'Name, version and links.' }, open: true })
  root(): { service: string; version: string; links: Record<string, string> } {
    const links = { health: '/health', api: '/api/v1/messages', socket: '/socket.io', websocket: '/ws' };
    const docs = { docs: '/docs', openapi: '/docs-json', realtime: '/docs/realtime', asyncapi: '/docs/asyncapi.json' };
    const shown = this.config.docs ? { ...links, ...docs } : links;
    return { service: 'messaging-service', version: this.config.service.version, links: shown };
  }

  /** 200 healthy or degraded, 503 unhealthy. */
  @Get('health')
  @ApiOperation({ summary: 'State of the service and of what it needs' })
  @Answers({ type: HealthSchema, ok: { 200: 'healthy or degraded' }, open: true })
  @ApiServiceUnavailableResponse({ type: HealthSchema, description: 'unhealthy: the store is away' })
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    const report = await this.health.report();
    if (report.status === 'unhealthy') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  /** The process answers; no I/O, so that a store that is away never restarts a healthy process. */
  @Get('health/live')
  @ApiOperation({ summary: 'Whether the process lives' })
  @Answers({ type: LivenessSchema, ok: { 200: 'It lives.' }, open: true })
  live(): { status: 'healthy' } {
    return { status: 'healthy' };
  }

  /** 200 when the store answers, else 503. */
  @Get('health/ready')
  @ApiOperation({ summary: 'Whether requests can be served' })
  @Answers({ type: ReadinessSchema, ok: { 200: 'They can.' }, open: true })
  @ApiServiceUnavailableResponse({ type: ReadinessSchema, description: 'the store is away' })
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string; checks: { database: StoreCheck } }> {
    const database = await this.health.checkStore();
    if (database.status === 'unhealthy') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: database.status, checks: { database } };
  }
}
