import type { TestPerson } from './tokens';

/** Fresh people for each test, so that tests share a service but no data. */
let counter = 0;
const next = (role: string): TestPerson => {
  counter += 1;
  return { user_id: `${role}-${process.pid}-${counter}`, role, name: `${role} ${counter}` };
};

export const aParent = (): TestPerson => next('parent');
export const aTeacher = (): TestPerson => next('teacher');
export const aStudent = (): TestPerson => next('student');
export const anAdmin = (): TestPerson => next('admin');
export const idOf = (person: TestPerson): string => String(person.user_id);
