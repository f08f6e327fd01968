// The client starts itself when it is loaded.
import "/var/runtime/node_modules/aws-lambda-ric/index.mjs";
