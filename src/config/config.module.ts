import { type DynamicModule, Module } from '@nestjs/common';
import { AppConfig } from './app-config';
import { loadConfiguration } from './configuration';

/** Provides AppConfig. Import the class for the process's own settings, or `ConfigModule.with(config)` for given ones. */
@Module({ providers: [{ provide: AppConfig, useFactory: () => loadConfiguration() }], exports: [AppConfig] })
export class ConfigModule {
  /** Settings that were loaded already: the start loads them once, tests bring their own. */
  static with(config: AppConfig): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: AppConfig, useValue: config }], exports: [AppConfig] };
  }
}
