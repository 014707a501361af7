import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Expose, Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { IsText, MayBeAbsent, QueryInt } from '../../common/validation/decorators';
import { CHOSEN_STATUSES } from '../../contract/payloads';
import { ALL_ROLES, type Role } from '../../contract/roles';

const SCOPES = ['contacts', 'all'] as const;

export class SearchPeopleDto {
  @ApiProperty({ minLength: 2, maxLength: 100, description: 'Beginning of a name; accents and case do not matter.' })
  @IsText(2, 100)
  q: string;

  @ApiPropertyOptional({ enum: ALL_ROLES })
  @MayBeAbsent()
  @IsIn(ALL_ROLES)
  role?: Role;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 50, default: 20 })
  @QueryInt({ min: 1, max: 50, default: 20 })
  limit: number;
}

export class OnlineUsersDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 500, default: 100 })
  @QueryInt({ min: 1, max: 500, default: 100 })
  limit: number;

  @ApiPropertyOptional({ enum: SCOPES, default: 'contacts', description: 'contacts: who shares a conversation' })
  @Expose()
  @Transform(({ value }: { value: unknown }) => value ?? 'contacts', { toClassOnly: true })
  @IsIn(SCOPES)
  scope: (typeof SCOPES)[number];
}

export class NotificationSettingsDto {
  @ApiPropertyOptional() @MayBeAbsent() @IsBoolean() email_notifications?: boolean;
  @ApiPropertyOptional() @MayBeAbsent() @IsBoolean() push_notifications?: boolean;
  @ApiPropertyOptional() @MayBeAbsent() @IsBoolean() sound_notifications?: boolean;
  @ApiPropertyOptional() @MayBeAbsent() @IsBoolean() desktop_notifications?: boolean;
}

export class OwnPresenceDto {
  @ApiPropertyOptional({ enum: CHOSEN_STATUSES })
  @IsOptional()
  @IsIn(CHOSEN_STATUSES)
  online_status?: (typeof CHOSEN_STATUSES)[number];

  @ApiPropertyOptional({ type: NotificationSettingsDto, description: 'What is left out stays.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => NotificationSettingsDto)
  notification_settings?: NotificationSettingsDto;
}
