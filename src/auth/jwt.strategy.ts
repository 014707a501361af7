import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Caller } from '../common/actor';
import { AppConfig } from '../config/app-config';
import { AuthService } from './auth.service';
import { identityFromClaims } from './claims';
import { keyFor, verifyOptions } from './token-rules';

const bearerOf = ExtractJwt.fromAuthHeaderAsBearerToken();

/** REST: `Authorization: Bearer` → caller, once per request. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    config: AppConfig,
    private readonly auth: AuthService,
  ) {
    const { algorithms, clockTolerance } = verifyOptions(config);
    super({
      jwtFromRequest: bearerOf,
      passReqToCallback: true,
      algorithms,
      jsonWebTokenOptions: { clockTolerance },
      secretOrKeyProvider: (_request, token: string, done) => {
        try {
          // The types of passport-jwt lag behind: a KeyObject is what jsonwebtoken wants here.
          (done as (error: unknown, key?: unknown) => void)(null, keyFor(token, config.auth.key));
        } catch (error) {
          done(error);
        }
      },
    });
  }

  /** @throws AUTH_FAILED */
  validate(request: Parameters<typeof bearerOf>[0], payload: unknown): Promise<Caller> {
    return this.auth.admit(identityFromClaims(payload), bearerOf(request) ?? '');
  }
}
