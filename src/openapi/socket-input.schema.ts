import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type {
  MessageDeleteInput,
  MessageDeliveredInput,
  MessageEditInput,
  MessageReadInput,
} from '../contract/socket-events';
import { Seq, Uuid } from './properties';

/** Inputs of events whose REST routes name the message in the path. A test compares them with the DTOs of the gateway. */
@ApiSchema({ name: 'MessageReadInput' })
export class MessageReadInputSchema implements MessageReadInput {
  @Uuid({ description: 'This message and all before it.' }) message_id: string;
  @Uuid({ required: false, description: 'Checked where it is given.' }) conversation_id?: string;
}

@ApiSchema({ name: 'MessageDeliveredInput', description: 'Either message_id, or conversation_id with seq.' })
export class MessageDeliveredInputSchema implements MessageDeliveredInput {
  @Uuid({ required: false, description: 'This message and all before it.' }) message_id?: string;
  @Uuid({ required: false }) conversation_id?: string;
  @Seq({ required: false, minimum: 1 }) seq?: number;
}

@ApiSchema({ name: 'MessageEditInput' })
export class MessageEditInputSchema implements MessageEditInput {
  @Uuid() message_id: string;
  @ApiProperty({ example: 'Bonjour à tous !' }) content: string;
}

@ApiSchema({ name: 'MessageDeleteInput' })
export class MessageDeleteInputSchema implements MessageDeleteInput {
  @Uuid() message_id: string;
}
