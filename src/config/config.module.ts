import { Module } from '@nestjs/common';
import { AppConfig } from './app-config';
import { processConfiguration } from './configuration';

/** Provides AppConfig; tests override that provider with settings of their own. */
@Module({ providers: [{ provide: AppConfig, useFactory: processConfiguration }], exports: [AppConfig] })
export class ConfigModule {}
