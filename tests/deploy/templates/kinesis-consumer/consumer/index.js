exports.handler = async (event) => {
  const records = event.Records || [];
  const bytes = records.reduce(
    (sum, record) => sum + Buffer.from(record.kinesis.data, "base64").length,
    0,
  );
  return { records: records.length, bytes, state: event.state || {} };
};
