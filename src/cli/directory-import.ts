import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { readFile } from 'node:fs/promises';
import { OPERATOR } from '../audit/audit-entry';
import { errorName } from '../common/error-name';
import { PinoNestLogger } from '../common/logging/pino-logger';
import { ConfigurationError, processConfiguration } from '../config/configuration';
import { StoreStatus } from '../database/store-status';
import { SyncUserDto } from '../users/dto/sync-users.dto';
import { UsersModule } from '../users/users.module';
import { UsersService } from '../users/users.service';
import { PeopleFileError, readPeople } from './people-file';
import { type Save, throughService } from './running-service';

/** Small enough for the bulk route's limit on bodies. */
const BATCH = 500;

@Module({ imports: [UsersModule] })
class ImportModule {}

async function importInto(save: Save, people: readonly SyncUserDto[]): Promise<void> {
  for (let start = 0; start < people.length; start += BATCH) await save(people.slice(start, start + BATCH));
}

async function importIntoStore(people: readonly SyncUserDto[]): Promise<void> {
  const context = await NestFactory.createApplicationContext(ImportModule, { abortOnError: false });
  try {
    if (!context.get(StoreStatus).isReady()) throw new Error('the store is away');
    const users = context.get(UsersService, { strict: false });
    await importInto(
      (batch) =>
        users.sync(
          batch.map((dto) => SyncUserDto.toPerson(dto)),
          OPERATOR,
        ),
      people,
    );
  } finally {
    await context.close();
  }
}

async function main(): Promise<void> {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new PeopleFileError('usage: npm run directory:import -- FILE (.json or .csv)');
  const config = processConfiguration();
  Logger.overrideLogger(new PinoNestLogger('warn'));
  const bytes = await readFile(file).catch(() => {
    throw new PeopleFileError('the file cannot be read');
  });
  const people = readPeople(file, bytes);
  const service = await throughService(config);
  if (service) await importInto(service, people);
  else await importIntoStore(people);
  process.stdout.write(`${people.length} people imported${service ? ' through the running service' : ''}\n`);
}

main().catch((error: unknown) => {
  const shown = error instanceof PeopleFileError || error instanceof ConfigurationError;
  process.stderr.write(`The import failed: ${shown ? error.message : errorName(error)}\n`);
  process.exitCode = 1;
});
