export { compileUpdate, seedFromFilter, type CompiledUpdate, type UpdateContext, type UpdateOptions } from './update';
