import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { decodeVector, encodeVector } from '../sync-position';
import { SyncPointsRepository, type SyncPoint } from '../sync-points.repository';
import { SyncPointDocument } from './sync-point.schema';

const CURSOR_BYTES = 16;

@Injectable()
export class MongoSyncPointsRepository extends SyncPointsRepository {
  constructor(@InjectModel(SyncPointDocument.name) private readonly model: Model<SyncPointDocument>) {
    super();
  }

  /** Index: _id. */
  async find(cursor: string): Promise<SyncPoint | undefined> {
    const found = await this.model.findById(cursor).lean<(SyncPointDocument & { positions: unknown }) | null>();
    if (!found) return undefined;
    // Lean answers hold the driver's Binary.
    const { buffer, position } = found.positions as unknown as { buffer: Uint8Array; position: number };
    const vector = decodeVector(Buffer.from(buffer.subarray(0, position)));
    return { userId: found.user_id, vector, at: found.at };
  }

  async insert({ userId, vector, at }: SyncPoint): Promise<string> {
    const cursor = randomBytes(CURSOR_BYTES).toString('base64url');
    const document = { _id: cursor, user_id: userId, positions: encodeVector(vector), at };
    await this.model.collection.insertOne(document as never);
    return cursor;
  }
}
