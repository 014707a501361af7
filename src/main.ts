import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { configureApp, createFastifyAdapter } from './app.setup';
import { PinoNestLogger } from './common/logging/pino-logger';
import type { AppConfig } from './config/app-config';
import { ConfigurationError, processConfiguration } from './config/configuration';
import { StoreStatus } from './database/store-status';

/** Going on in an unknown state is worse than a restart: what was acknowledged is durable. */
function exitOn(event: 'unhandledRejection' | 'uncaughtException'): void {
  process.on(event, (reason: unknown) => {
    const { name, stack = '' } = reason instanceof Error ? reason : { name: typeof reason };
    const where = stack.split('\n').filter((line) => /^\s+at /.test(line));
    new Logger('Process').fatal(`${event}: ${name} ${where.slice(0, 5).join(' ')}`);
    process.exit(1);
  });
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
  await configureApp(app, config);
  app.enableShutdownHooks();
  await app.listen({ port: config.service.port, host: config.service.host });
  const base = (await app.getUrl()).replace(/\/\/(?:\[::\]|0\.0\.0\.0|\[::1\]|127\.0\.0\.1)(?=:)/, '//localhost');
  const docs = config.docs ? `, documentation ${base}/docs` : '';
  logger.log(`listening on ${base} (store: ${app.get(StoreStatus).kind}), health ${base}/health${docs}`, 'Main');
}

main().catch((error: unknown) => {
  // Kind, code and the first frames only: messages of drivers can quote a URL with its password.
  const { name, stack = '' } = error instanceof Error ? error : { name: typeof error };
  const code = typeof error === 'object' && error !== null && 'code' in error ? ` (${String(error.code)})` : '';
  const where = stack.split('\n').filter((line) => /^\s+at /.test(line));
  new Logger('Main').fatal(`the start failed: ${name}${code} ${where.slice(0, 3).join(' ')}`);
  process.exit(1);
});
