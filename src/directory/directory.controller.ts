import { Body, Controller, HttpCode, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentCaller } from '../auth/decorators';
import type { Caller } from '../common/actor';
import { SyncUserDto, SyncUsersDto } from '../users/dto/sync-users.dto';
import { UsersService } from '../users/users.service';

class SyncResult {
  @ApiProperty({ example: 2 }) upserted: number;
}

@ApiTags('users')
@Controller('api/v1/users')
export class DirectoryController {
  constructor(private readonly users: UsersService) {}

  /** Directory sync by an administrator or a sibling service: upsert, at most 1,000 a call. */
  @Put()
  @HttpCode(200)
  @Authenticated('admin', 'service')
  @ApiOperation({ summary: 'Tell the directory who is who' })
  @ApiOkResponse({ type: SyncResult })
  async sync(@CurrentCaller() caller: Caller, @Body() dto: SyncUsersDto): Promise<SyncResult> {
    await this.users.sync(
      dto.users.map((user) => SyncUserDto.toPerson(user)),
      caller.userId,
    );
    return { upserted: dto.users.length };
  }
}
