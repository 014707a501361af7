import { Module } from '@nestjs/common';
import { ConnectionCounter } from './connection-counter';
import { ConnectionRegistry } from './connection-registry';
import { LiveActivity } from './live-activity';

@Module({
  providers: [ConnectionRegistry, LiveActivity, { provide: ConnectionCounter, useExisting: ConnectionRegistry }],
  exports: [ConnectionRegistry, LiveActivity, ConnectionCounter],
})
export class PresenceModule {}
