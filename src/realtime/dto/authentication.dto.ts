import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

@ApiSchema({ name: 'AuthenticationInput' })
export class AuthenticationDto {
  @ApiProperty({ minLength: 1, maxLength: 8192, description: 'Access token of auth-service.' })
  @IsString()
  @Length(1, 8192)
  readonly token: string;
}
