import { IsIn } from 'class-validator';
import { CHOSEN_STATUSES, type ChosenStatus } from '../../contract/payloads';
import type { UserStatusInput } from '../../contract/socket-events';

export class UserStatusDto implements UserStatusInput {
  @IsIn(CHOSEN_STATUSES)
  online_status: ChosenStatus;
}
