import { changeOf } from './presence-announcer';

describe('what is told of a person', () => {
  it.each([
    ['who came', { wasOnline: false }, true, 'online', 'online'],
    ['who came and chose meanwhile: one event', { wasOnline: false, chosen: 'online' }, true, 'busy', 'online'],
    ['who has gone', { wasOnline: true }, false, 'online', 'offline'],
    ['who left and returned: nothing', { wasOnline: true }, true, 'online', undefined],
    ['who came and left: nothing', { wasOnline: false }, false, 'online', undefined],
    ['another choice', { chosen: 'online' }, true, 'away', 'status'],
    ['another choice and back: nothing', { chosen: 'away' }, true, 'away', undefined],
    ['a choice of somebody offline: nothing', { chosen: 'online' }, false, 'away', undefined],
    ['who was away from the wire and chose', { wasOnline: true, chosen: 'online' }, true, 'away', 'status'],
  ] as const)('%s', (_name, untold, isOnline, chosenNow, expected) => {
    expect(changeOf(untold, isOnline, chosenNow)).toBe(expected);
  });
});
