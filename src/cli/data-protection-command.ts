import { Logger, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { PinoNestLogger } from '../common/logging/pino-logger';
import { ConfigurationError, processConfiguration } from '../config/configuration';
import type { AppConfig } from '../config/app-config';
import { StoreStatus } from '../database/store-status';
import { DataProtectionModule } from '../data-protection/data-protection.module';

/** What the operator is told in so many words; it names no content. */
export class CommandError extends Error {}

type Work = (context: INestApplicationContext, config: AppConfig) => Promise<string>;

function reasonOf(error: unknown): string {
  if (error instanceof CommandError || error instanceof ConfigurationError) return error.message;
  if (error instanceof DomainError && error.code === 'RECIPIENT_NOT_FOUND') return 'nobody has this id';
  if ((error as { code?: unknown }).code === 'LOCKED') {
    return 'the embedded store is in use: stop the service that runs on it, then try again';
  }
  return errorName(error);
}

async function run(work: Work): Promise<string> {
  const config = processConfiguration();
  // Standard output is the export's.
  Logger.overrideLogger(new PinoNestLogger('silent'));
  const context = await NestFactory.createApplicationContext(DataProtectionModule, { abortOnError: false });
  try {
    if (!context.get(StoreStatus, { strict: false }).isReady()) throw new CommandError('the store is away');
    return await work(context, config);
  } finally {
    await context.close();
  }
}

/** Runs an operator's command straight on the store and says on standard error how it went. */
export function dataProtectionCommand(name: string, work: Work): void {
  run(work).then(
    (done) => process.stderr.write(`${done}\n`),
    (error: unknown) => {
      process.stderr.write(`The ${name} failed: ${reasonOf(error)}\n`);
      process.exitCode = 1;
    },
  );
}
