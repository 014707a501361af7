import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { DomainError } from '../common/errors/domain-error';
import { AppConfig } from '../config/app-config';
import { ConfigModule } from '../config/config.module';
import { UsersModule } from '../users/users.module';
import { Clock, SystemClock } from '../common/clock';
import { AuthService } from './auth.service';
import { Introspection } from './introspection';
import { JwtAuthGuard } from './jwt-auth.guard';
import { JwtStrategy } from './jwt.strategy';
import { keyFor, verifyOptions } from './token-rules';
import { TokenService } from './token.service';

@Module({
  imports: [
    ConfigModule,
    UsersModule,
    PassportModule,
    JwtModule.registerAsync({
      imports: [ConfigModule],
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        verifyOptions: verifyOptions(config),
        secretOrKeyProvider: (_type, token) => {
          if (typeof token !== 'string') throw new DomainError('AUTH_FAILED');
          return keyFor(token, config.auth.key);
        },
      }),
    }),
  ],
  providers: [
    TokenService,
    Introspection,
    AuthService,
    JwtStrategy,
    JwtAuthGuard,
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [AuthService, JwtAuthGuard],
})
export class AuthModule {}
