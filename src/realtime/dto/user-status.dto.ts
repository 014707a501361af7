import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { CHOSEN_STATUSES, type ChosenStatus } from '../../contract/payloads';
import type { UserStatusInput } from '../../contract/socket-events';

@ApiSchema({ name: 'UserStatusInput' })
export class UserStatusDto implements UserStatusInput {
  @ApiProperty({ enum: CHOSEN_STATUSES })
  @IsIn(CHOSEN_STATUSES)
  online_status: ChosenStatus;
}
