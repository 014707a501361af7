import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { OwnStatistics, ServiceStatistics } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { OwnStatisticsSchema, ServiceStatisticsSchema } from '../openapi/statistics.schema';
import { OwnStatisticsService } from './own-statistics.service';
import { ServiceStatisticsService } from './service-statistics.service';

@ApiTags('statistics')
@Controller()
export class StatisticsController {
  constructor(
    private readonly ownStatistics: OwnStatisticsService,
    private readonly serviceStatistics: ServiceStatisticsService,
  ) {}

  @Get('api/v1/messages/stats')
  @Authenticated()
  @ApiOperation({ summary: 'The caller’s own figures, over all of their conversations' })
  @Answers({ type: OwnStatisticsSchema, ok: { 200: 'As of now.' } })
  own(@CurrentActor() actor: Actor): Promise<OwnStatistics> {
    return this.ownStatistics.of(actor);
  }

  @Get('admin/stats')
  @Authenticated('admin')
  @ApiOperation({ summary: 'Figures of the whole service, for administrators' })
  @Answers({ type: ServiceStatisticsSchema, ok: { 200: 'As of now; days as in DEFAULT_TIMEZONE.' } })
  service(): Promise<ServiceStatistics> {
    return this.serviceStatistics.read();
  }
}
