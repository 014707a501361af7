/** Roles of people. `service` tokens belong to sibling services and are never a person. */
export const ALL_ROLES = ['student', 'parent', 'teacher', 'admin'] as const;
export type Role = (typeof ALL_ROLES)[number];

/** What a verified caller may be: a person, or a sibling service (contract 1). */
export type CallerRole = Role | 'service';
