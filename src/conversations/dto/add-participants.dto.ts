import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { IsUserId } from '../../common/validation/decorators';

export class AddParticipantsDto {
  @ApiProperty({ type: [String], example: ['42'], description: 'Repeats, and people who are in it, are merged.' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10_000)
  @IsUserId({ each: true })
  user_ids: string[];
}
