import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { SyncResult } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { SyncResultSchema } from '../openapi/sync.schema';
import { SyncQueryDto } from './dto/sync-query.dto';
import { SyncService } from './sync.service';

@ApiTags('messages')
@Authenticated()
@Controller('api/v1/messages/sync')
export class SyncController {
  constructor(private readonly service: SyncService) {}

  @Get()
  @ApiOperation({ summary: 'Everything that changed for the caller since a cursor, whatever live events were missed' })
  @Answers({ type: SyncResultSchema, ok: { 200: 'The changes and the next cursor.' }, errors: ['VALIDATION_FAILED'] })
  sync(@CurrentActor() actor: Actor, @Query() query: SyncQueryDto): Promise<SyncResult> {
    return this.service.sync(actor, query);
  }
}
