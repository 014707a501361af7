import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/decorators';
import { Clock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import { StoreStatus } from '../database/store-status';
import { Metrics } from '../metrics/metrics';
import { Answers } from '../openapi/answers';
import { InfoSchema } from '../openapi/info.schema';
import { RedisStatus } from '../redis/redis-status';
import { MetricsTokenGuard } from './metrics-token.guard';
import { serviceInfo } from './service-info';

/** Open unless METRICS_TOKEN is set. */
@ApiTags('operations')
@Public()
@UseGuards(MetricsTokenGuard)
@Controller()
export class OperationsController {
  constructor(
    private readonly config: AppConfig,
    private readonly store: StoreStatus,
    private readonly redis: RedisStatus,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  @Get('info')
  @ApiOperation({ summary: 'Limits and timings that clients need, and what the service works with' })
  @Answers({ type: InfoSchema, ok: { 200: 'As configured.' }, open: true, errors: ['AUTH_REQUIRED', 'AUTH_FAILED'] })
  info(): InfoSchema {
    return serviceInfo(this.config, this.store, this.redis, this.clock.now());
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Prometheus text' })
  @ApiOkResponse({ description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } })
  @Answers({ ok: {}, open: true, errors: ['AUTH_REQUIRED', 'AUTH_FAILED'] })
  async text(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('content-type', this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}
