import { PeopleFileError, readPeople as readBytes } from './people-file';

const readPeople = (name: string, text: string) => readBytes(name, Buffer.from(text));

const marie = { user_id: '42', username: 'marie', display_name: 'Marie Martin', role: 'parent' };

describe('a file of people', () => {
  it.each([
    ['a JSON list', 'a.json', JSON.stringify([marie])],
    ['the body of PUT /api/v1/users', 'a.JSON', JSON.stringify({ users: [marie] })],
    ['a JSON list with a byte order mark', 'a.json', `\uFEFF${JSON.stringify([marie])}`],
    ['CSV', 'a.csv', 'user_id,username,display_name,role\n42,marie,Marie Martin,parent\n'],
    [
      'CSV of a French spreadsheet',
      'a.csv',
      '\uFEFFuser_id;username;display_name;role\r\n42;marie;"Marie Martin";parent',
    ],
  ])('%s', (_what, name, text) => {
    expect(readPeople(name, text)).toEqual([marie]);
  });

  it('reads flags and lists of ids in CSV; an empty cell counts as left out', () => {
    const text =
      'user_id,username,display_name,role,is_active,children,email\n42,m,"Martin, Marie",parent,non,7 8|9,\n';
    expect(readPeople('a.csv', text)).toEqual([
      { ...marie, username: 'm', display_name: 'Martin, Marie', is_active: false, children: ['7', '8', '9'] },
    ]);
  });

  it('names every wrong row and field, never a value', () => {
    const text = 'user_id,username,display_name,role,shoe_size\n42,m,M,principal,\n43,m,M,parent,44\n';
    const read = () => readPeople('a.csv', text);
    expect(read).toThrow(PeopleFileError);
    expect(read).toThrow(/person 1: role.*\nperson 2: property shoe_size/);
    expect(read).not.toThrow(/principal/);
  });

  it('refuses what is not UTF-8 instead of importing names with other letters', () => {
    const bytes = Buffer.from('user_id,username,display_name,role\n42,zoe,Zo\u00e9,parent\n', 'latin1');
    expect(() => readBytes('a.csv', bytes)).toThrow(/not in UTF-8/);
  });

  it.each([
    ['a.json', '{'],
    ['a.json', '42'],
    ['a.csv', 'user_id,role\n"42'],
    ['a.xlsx', ''],
  ])('refuses %s holding %s', (name, text) => expect(() => readPeople(name, text)).toThrow(PeopleFileError));
});
