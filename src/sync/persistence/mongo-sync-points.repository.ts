import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, mongo } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { firstRow } from '../../database/rows';
import { decodeVector, encodeVector } from '../sync-position';
import { SyncPointsRepository, type SyncPoint } from '../sync-points.repository';
import { SyncPointDocument } from './sync-point.schema';

const CURSOR_BYTES = 16;

type Row = Omit<SyncPointDocument, 'positions'> & { readonly positions: mongo.Binary };

@Injectable()
export class MongoSyncPointsRepository extends SyncPointsRepository {
  constructor(@InjectModel(SyncPointDocument.name) private readonly model: Model<SyncPointDocument>) {
    super();
  }

  /** Index: _id. */
  async find(cursor: string): Promise<SyncPoint | undefined> {
    const found = await firstRow<Row>(this.model, { _id: cursor });
    if (!found) return undefined;
    const { buffer, position } = found.positions;
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
