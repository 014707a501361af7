import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsOptional,
  ValidateNested,
} from 'class-validator';
import { IsHttpsUrl, IsText, IsUserId } from '../../common/validation/decorators';
import { MaxInputKeys } from '../../common/validation/input-limits';
import { ALL_ROLES, type Role } from '../../contract/roles';
import type { SyncedPerson } from '../directory-entry';

export class SyncUserDto {
  @ApiProperty({ example: '42' }) @IsUserId() user_id: string;
  @ApiProperty({ example: 'marie.martin' }) @IsText(1, 200) username: string;
  @ApiProperty({ example: 'Marie Martin' }) @IsText(1, 200) display_name: string;
  @ApiProperty({ enum: ALL_ROLES }) @IsIn(ALL_ROLES) role: Role;
  @ApiPropertyOptional() @IsOptional() @IsEmail() email?: string;
  @ApiPropertyOptional({ format: 'uri' }) @IsOptional() @IsHttpsUrl() avatar_url?: string;
  @ApiPropertyOptional() @IsOptional() @IsBoolean() is_active?: boolean;
  @ApiPropertyOptional({ type: [String] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsUserId({ each: true })
  children?: string[];
  @ApiPropertyOptional({ type: [String] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsUserId({ each: true })
  parents?: string[];

  static toPerson(dto: SyncUserDto): SyncedPerson {
    return {
      userId: dto.user_id,
      username: dto.username,
      displayName: dto.display_name,
      role: dto.role,
      email: dto.email,
      avatarUrl: dto.avatar_url,
      isActive: dto.is_active,
      children: dto.children,
      parents: dto.parents,
    };
  }
}

@MaxInputKeys(20_000)
export class SyncUsersDto {
  @ApiProperty({ type: [SyncUserDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => SyncUserDto)
  users: SyncUserDto[];
}
