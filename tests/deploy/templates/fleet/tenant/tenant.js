exports.handler = async () => ({
  tenant: process.env.TENANT,
  of: Number(process.env.TENANTS),
  all: JSON.parse(process.env.ALL).tenants,
});
