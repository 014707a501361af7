import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { readFile } from 'node:fs/promises';
import { OPERATOR } from '../audit/audit-entry';
import { errorName } from '../common/error-name';
import { PinoNestLogger } from '../common/logging/pino-logger';
import type { AppConfig } from '../config/app-config';
import { ConfigurationError, processConfiguration } from '../config/configuration';
import { StoreStatus } from '../database/store-status';
import { SyncUserDto } from '../users/dto/sync-users.dto';
import { UsersModule } from '../users/users.module';
import { UsersService } from '../users/users.service';
import { PeopleFileError, readPeople } from './people-file';

/** Small enough for the bulk route's limit on bodies. */
const BATCH = 500;
const TOKEN_SECONDS = 600;

@Module({ imports: [UsersModule] })
class ImportModule {}

type Save = (people: readonly SyncUserDto[]) => Promise<void>;

/** A service that runs here takes it by its door: the change acts at once on its sockets and caches. */
async function throughService(config: AppConfig): Promise<Save | undefined> {
  const base = `http://127.0.0.1:${config.service.port}`;
  const isOurs = await fetch(`${base}/`, { signal: AbortSignal.timeout(2_000) }).then(
    async (answer) => ((await answer.json()) as { service?: unknown }).service === 'messaging-service',
    () => false,
  );
  if (!isOurs) return undefined;
  const claims = { sub: OPERATOR, role: 'service', type: 'access' };
  const { key, algorithm } = config.auth;
  const token = new JwtService().sign(claims, { secret: key.export(), algorithm, expiresIn: TOKEN_SECONDS });
  return async (people) => {
    const answer = await fetch(`${base}/api/v1/users`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ users: people }),
    });
    if (!answer.ok) throw new Error(`the running service answered ${answer.status}`);
  };
}

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
  const text = await readFile(file, 'utf8').catch(() => {
    throw new PeopleFileError('the file cannot be read');
  });
  const people = readPeople(file, text);
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
