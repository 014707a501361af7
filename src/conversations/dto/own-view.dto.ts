import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional } from 'class-validator';
import { IsInstant } from '../../common/validation/decorators';

export class ArchiveDto {
  @ApiProperty({ description: 'A new message brings an archived conversation back unless it is muted.' })
  @IsBoolean()
  archived: boolean;
}

export class MuteDto {
  @ApiProperty()
  @IsBoolean()
  muted: boolean;

  @ApiPropertyOptional({ format: 'date-time', description: 'In the future; without it the mute has no end.' })
  @IsOptional()
  @IsInstant()
  until?: string;
}
