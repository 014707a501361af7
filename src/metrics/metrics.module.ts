import { Module } from '@nestjs/common';
import { Metrics } from './metrics';

@Module({ providers: [{ provide: Metrics, useFactory: () => new Metrics() }], exports: [Metrics] })
export class MetricsModule {}
