import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { AuditLog } from '../../src/audit/audit-log';
import { OPERATOR } from '../../src/audit/audit-entry';
import { AuditRepository } from '../../src/audit/audit.repository';
import { startTestApp, type TestApp } from '../support/test-app';

describe('audit log', () => {
  let service: TestApp;
  let audit: AuditLog;
  beforeAll(async () => {
    service = await startTestApp();
    audit = service.app.get(AuditLog, { strict: false });
  }, 60_000);
  afterAll(() => service.stop());

  const entriesOf = (subjectId: string): Promise<unknown[]> =>
    service.app
      .get<Connection>(getConnectionToken(), { strict: false })
      .collection('audit')
      .find({ subject_id: subjectId })
      .toArray();

  it('keeps who did what to whom, when, and the details of the act', async () => {
    await audit.record(
      { action: 'role.changed', actorId: 'admin-1', subjectId: 's', details: { from: 'student', to: 'teacher' } },
      { action: 'user.exported', actorId: OPERATOR, subjectId: 's' },
    );
    const entries = await entriesOf('s');
    expect(entries).toHaveLength(2);
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          action: 'role.changed',
          actor_id: 'admin-1',
          details: { from: 'student', to: 'teacher' },
          at: expect.any(Date) as Date,
        }),
        expect.objectContaining({ action: 'user.exported', actor_id: OPERATOR }),
      ]),
    );
  });

  it('offers nothing that changes or removes an entry', () => {
    const repository = service.app.get(AuditRepository, { strict: false });
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(repository));
    expect(methods.sort()).toEqual(['append', 'constructor']);
  });
});
