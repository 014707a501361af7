import { IsString, Length } from 'class-validator';

export class AuthenticationDto {
  @IsString()
  @Length(1, 8192)
  readonly token: string;
}
