export { compareValues, valuesEqual } from './compare';
export { encodeKey, encodeValue } from './keystring';
export {
  BSON_UNDEFINED,
  BsonType,
  bsonTypeOf,
  cloneValue,
  isDocument,
  isNumber,
  setField,
  typeName,
  type Document,
} from './values';
