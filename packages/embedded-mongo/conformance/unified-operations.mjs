/** `{ filter, update, ...options }` as the driver's methods take it. */
const split = (args, ...names) => {
  const options = { ...args };
  const values = names.map((name) => {
    const value = options[name];
    delete options[name];
    return value;
  });
  return [...values, options];
};

const lowerFirst = (text) => text[0].toLowerCase() + text.slice(1);
const returning = ({ returnDocument, ...args }) =>
  returnDocument ? { ...args, returnDocument: lowerFirst(returnDocument) } : args;

const filterAnd =
  (method, second) =>
  (collection, { filter, [second]: change, ...options }) =>
    collection[method](filter, change, options);

/** The operations of the unified format as calls of the driver. */
export const operations = {
  aggregate: (target, args) => target.aggregate(...split(args, 'pipeline')).toArray(),
  bulkWrite: async (collection, args) => {
    const result = await collection.bulkWrite(...split(args, 'requests'));
    const { insertedCount, insertedIds, matchedCount, modifiedCount, deletedCount, upsertedCount, upsertedIds } =
      result;
    return { insertedCount, insertedIds, matchedCount, modifiedCount, deletedCount, upsertedCount, upsertedIds };
  },
  count: (collection, args) => collection.count(...split(args, 'filter')),
  countDocuments: (collection, args) => collection.countDocuments(...split(args, 'filter')),
  createCollection: (db, args) => db.createCollection(...split(args, 'collection')),
  createIndex: (collection, args) => collection.createIndex(...split(args, 'keys')),
  deleteMany: (collection, args) => collection.deleteMany(...split(args, 'filter')),
  deleteOne: (collection, args) => collection.deleteOne(...split(args, 'filter')),
  distinct: (collection, args) => collection.distinct(...split(args, 'fieldName', 'filter')),
  dropCollection: (db, args) => db.dropCollection(...split(args, 'collection')),
  estimatedDocumentCount: (collection, args) => collection.estimatedDocumentCount(args),
  find: (collection, args) => collection.find(...split(args, 'filter')).toArray(),
  findOne: (collection, args) => collection.findOne(...split(args, 'filter')),
  findOneAndDelete: (collection, args) => collection.findOneAndDelete(...split(args, 'filter')),
  findOneAndReplace: (collection, args) =>
    collection.findOneAndReplace(...split(returning(args), 'filter', 'replacement')),
  findOneAndUpdate: (collection, args) => collection.findOneAndUpdate(...split(returning(args), 'filter', 'update')),
  insertMany: (collection, args) => collection.insertMany(...split(args, 'documents')),
  insertOne: (collection, args) => collection.insertOne(...split(args, 'document')),
  modifyCollection: (db, { collection, ...change }) => db.command({ collMod: collection, ...change }),
  replaceOne: filterAnd('replaceOne', 'replacement'),
  updateMany: filterAnd('updateMany', 'update'),
  updateOne: filterAnd('updateOne', 'update'),
};
