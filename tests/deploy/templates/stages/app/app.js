exports.handler = async () => ({
  stage: process.env.STAGE,
  features: process.env.FEATURES.split("|"),
  first: process.env.FIRST,
});

exports.debug = async (event) => ({ event, environment: Object.keys(process.env).length });
