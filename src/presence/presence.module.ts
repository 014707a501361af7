import { Module } from '@nestjs/common';
import { ConnectionCounter } from './connection-counter';
import { ConnectionRegistry } from './connection-registry';

@Module({
  providers: [ConnectionRegistry, { provide: ConnectionCounter, useExisting: ConnectionRegistry }],
  exports: [ConnectionRegistry, ConnectionCounter],
})
export class PresenceModule {}
