import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import { DomainError } from '../common/errors/domain-error';
import { AppConfig } from '../config/app-config';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Asks for METRICS_TOKEN as a bearer when it is set (contract 3). */
@Injectable()
export class MetricsTokenGuard implements CanActivate {
  constructor(private readonly config: AppConfig) {}

  /** @throws AUTH_REQUIRED without a token, AUTH_FAILED with another one */
  canActivate(context: ExecutionContext): boolean {
    const { metricsToken } = this.config;
    if (metricsToken === undefined) return true;
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (given === undefined) throw new DomainError('AUTH_REQUIRED');
    if (!timingSafeEqual(digest(given), digest(metricsToken))) throw new DomainError('AUTH_FAILED');
    return true;
  }
}
