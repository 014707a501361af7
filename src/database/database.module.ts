import { Global, Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { getConnectionToken } from '@nestjs/mongoose';
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { createConnection, set as setMongooseOption, type Connection } from 'mongoose';
import { join } from 'node:path';
import { AppConfig } from '../config/app-config';
import { ConfigModule } from '../config/config.module';
import { StoreConnection, type StoreServer } from './store-connection';
import { StoreStatus } from './store-status';

const STORE_SERVER = Symbol('store server');

async function startStore(config: AppConfig): Promise<StoreServer> {
  const logger = new Logger('Store');
  if (config.store.url !== undefined) {
    return { kind: 'mongodb', url: config.store.url, stop: () => Promise.resolve() };
  }
  if (config.environment === 'production') {
    logger.warn('MONGODB_URL is not set: the embedded store serves one process on one machine');
  }
  const embedded = await startEmbeddedMongo({ dir: join(config.store.dataDir, 'store') });
  embedded.onExit((error) => {
    // Never restart it silently: acknowledgements may be pending. The supervisor starts a clean process.
    if (error) throw error;
  });
  return { kind: 'embedded', url: embedded.uri, stop: () => embedded.stop() };
}

/** Runs after every other shutdown hook of the modules above: nothing writes any more. */
@Injectable()
class StoreCloser implements OnApplicationShutdown {
  constructor(@Inject(StoreStatus) private readonly store: StoreConnection) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

/** Global like @nestjs/mongoose's own core module, because `MongooseModule.forFeature` asks for the connection's token. */
@Global()
@Module({
  imports: [ConfigModule],
  providers: [
    { provide: STORE_SERVER, inject: [AppConfig], useFactory: startStore },
    {
      provide: getConnectionToken(),
      useFactory: (): Connection => {
        // A filter key that the schema does not know would match everything: refuse it (reliability, trap 9).
        setMongooseOption('strictQuery', 'throw');
        // Fail at once while the store is away, instead of holding requests until it is back.
        setMongooseOption('bufferCommands', false);
        return createConnection();
      },
    },
    {
      provide: StoreStatus,
      inject: [getConnectionToken(), STORE_SERVER, AppConfig],
      useFactory: (connection: Connection, server: StoreServer, config: AppConfig) =>
        new StoreConnection(connection, server, config.store.database),
    },
    StoreCloser,
  ],
  exports: [getConnectionToken(), StoreStatus],
})
export class DatabaseModule {}
