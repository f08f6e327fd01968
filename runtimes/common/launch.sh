# Read by /var/runtime/bootstrap: starts the runtime's command, through AWS_LAMBDA_EXEC_WRAPPER if the function
# sets it, with the messages and exit statuses of AWS's own bootstraps.
launch() {
    if [ -n "${AWS_LAMBDA_EXEC_WRAPPER:-}" ]; then
        if [ ! -f "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
            echo "$AWS_LAMBDA_EXEC_WRAPPER: does not exist" >&2
            exit 127
        elif [ ! -x "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
            echo "$AWS_LAMBDA_EXEC_WRAPPER: is not an executable" >&2
            exit 126
        fi
        exec "$AWS_LAMBDA_EXEC_WRAPPER" "$@"
    fi
    exec "$@"
}
