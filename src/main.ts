import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { configureApp, createFastifyAdapter } from './app.setup';
import { errorName } from './common/error-name';
import { PinoNestLogger } from './common/logging/pino-logger';
import type { AppConfig } from './config/app-config';
import { ConfigurationError, processConfiguration } from './config/configuration';
import { Metrics } from './metrics/metrics';
import { StoreStatus } from './database/store-status';

/** What an operator can do something about, by error code. */
const START_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'SERVICE_PORT is used by another process',
  EACCES: 'no permission for SERVICE_PORT or DATA_DIR',
  EROFS: 'DATA_DIR is on a read-only file system',
  ENOSPC: 'no space is left for DATA_DIR',
  READ_ONLY: 'the store in DATA_DIR cannot be written',
  DISK_FULL: 'no space is left for the store in DATA_DIR',
  BROKEN: 'the store in DATA_DIR is damaged: check it with npm run store:verify, restore a backup',
  LOCKED: 'another process uses the store in DATA_DIR',
  UNSUPPORTED_FORMAT: 'the store in DATA_DIR was written by a newer version',
};

/** Longer than every deadline inside; shorter than the 30 s after which containers are killed. */
const STOP_MS = 20_000;

/** Going on in an unknown state is worse than a restart: what was acknowledged is durable. */
function exitOn(event: 'unhandledRejection' | 'uncaughtException'): void {
  process.on(event, (reason: unknown) => {
    const { name, stack = '' } = reason instanceof Error ? reason : { name: typeof reason };
    const where = stack.split('\n').filter((line) => /^\s+at /.test(line));
    new Logger('Process').fatal(`${event}: ${name} ${where.slice(0, 5).join(' ')}`);
    process.exit(1);
  });
}

/** Answers what is under way, says goodbye to the sockets, closes the store; a second signal does not wait. */
function stopOn(signals: readonly NodeJS.Signals[], app: NestFastifyApplication, logger: PinoNestLogger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.log(`${signal}: stopping`, 'Main');
    setTimeout(() => {
      logger.fatal('still not stopped: giving up', 'Main');
      process.exit(1);
    }, STOP_MS).unref();
    app.close().then(
      () => {
        logger.log('stopped', 'Main');
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal(`the stop failed: ${errorName(error)}`, 'Main');
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, stop);
}

function settings(): AppConfig {
  try {
    return processConfiguration();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`The messaging service cannot start: ${error.message}\n`);
    process.exit(1);
  }
}

async function main(): Promise<void> {
  const config = settings();
  const logger = new PinoNestLogger(config.logLevel);
  Logger.overrideLogger(logger);
  exitOn('unhandledRejection');
  exitOn('uncaughtException');
  const adapter = createFastifyAdapter(config);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, { logger, abortOnError: false });
  await configureApp(app, config, app.get(Metrics, { strict: false }));
  stopOn(['SIGTERM', 'SIGINT'], app, logger);
  await app.listen({ port: config.service.port, host: config.service.host });
  const base = (await app.getUrl()).replace(/\/\/(?:\[::\]|0\.0\.0\.0|\[::1\]|127\.0\.0\.1)(?=:)/, '//localhost');
  const docs = config.docs ? `, documentation ${base}/docs` : '';
  logger.log(`listening on ${base} (store: ${app.get(StoreStatus).kind}), health ${base}/health${docs}`, 'Main');
}

main().catch((error: unknown) => {
  const { name, stack = '' } = error instanceof Error ? error : { name: typeof error };
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
  const reason = START_FAILURES[code ?? ''];
  // Else kind, code and the first frames only: messages of drivers can quote a URL with its password.
  const where = stack.split('\n').filter((line) => /^\s+at /.test(line));
  new Logger('Main').fatal(
    `the start failed: ${reason ?? `${name}${code === undefined ? '' : ` (${code})`} ${where.slice(0, 3).join(' ')}`}`,
  );
  process.exit(1);
});
