const { createHmac, timingSafeEqual } = require("node:crypto");

exports.handler = async (event) => {
  const body = event.isBase64Encoded
    ? Buffer.from(event.body || "", "base64")
    : Buffer.from(event.body || "");
  const given = Buffer.from((event.headers || {})["x-signature"] || "");
  const wanted = Buffer.from(createHmac("sha256", process.env.SECRET).update(body).digest("hex"));
  const known = given.length === wanted.length && timingSafeEqual(given, wanted);
  return { statusCode: known ? 200 : 401, body: JSON.stringify({ known }) };
};
