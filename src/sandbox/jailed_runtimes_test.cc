// The interpreters of the host's own /usr run in a real sandbox: dynamic linking, TLS certificates,
// time zones, user names, threads, child processes, /dev and /proc as they need them.

#include <gtest/gtest.h>
#include <signal.h>

#include "sandbox/test_fixture.h"

namespace meridian::sandbox {
namespace {

class JailedRuntimes : public testing::Test {
  protected:
    void SetUp() override {
        if (Jail::get() == nullptr) GTEST_SKIP() << Jail::kSkip;
    }

    // What a bundle made from a Debian host brings (the manifest says so in production).
    static SandboxSpec host_spec(std::uint64_t memory_bytes) {
        auto spec = Jail::get()->spec();
        spec.memory_bytes = memory_bytes;
        for (char const* const path :
             {"/usr", "/etc/ssl", "/etc/alternatives", "/etc/java-17-openjdk", "/etc/ld.so.cache",
              "/etc/localtime"}) {
            if (::access(path, F_OK) == 0) spec.mounts.push_back(Jail::mount_of(path, path));
        }
        spec.links = {{"/bin", "usr/bin"},
                      {"/sbin", "usr/sbin"},
                      {"/lib", "usr/lib"},
                      {"/lib64", "usr/lib64"}};
        return spec;
    }

    // The output of a program that must succeed.
    static std::string output_of(std::vector<std::string> argv,
                                 std::uint64_t memory_bytes = 512UL << 20,
                                 std::uint32_t processes = 1024) {
        auto spec = host_spec(memory_bytes);
        spec.processes = processes;
        auto made = run(Jail::get()->context, Jail::get()->client->create(std::move(spec)));
        EXPECT_TRUE(made.has_value()) << made.error().message;
        if (!made) return {};
        auto pipe = make_pipe();
        RuntimeCommand command;
        command.argv = std::move(argv);
        command.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TMPDIR=/tmp"};
        command.working_directory = "/tmp";
        command.output = std::move(pipe.write_end);
        EXPECT_TRUE(run(Jail::get()->context, (*made)->start(std::move(command))).has_value());
        auto text = read_pipe(pipe.read_end);
        auto const status = run(Jail::get()->context, (*made)->wait_exit());
        EXPECT_TRUE(status.has_value());
        EXPECT_EQ(status.value_or(ExitStatus{}), (ExitStatus{})) << text;
        return text;
    }
};

#define SKIP_WITHOUT(path) \
    if (::access(path, X_OK) != 0) GTEST_SKIP() << path << " is not on this host"

TEST_F(JailedRuntimes, Shell) {
    SKIP_WITHOUT("/usr/bin/bash");
    EXPECT_EQ(output_of({"/bin/bash", "-c",
                         "echo $(id -un) $(id -u) $(hostname) | tr a-z A-Z; date +%Z >/dev/null"}),
              "SBX_USER1051 993 SANDBOX\n");
    // Only what should be there is.
    EXPECT_EQ(output_of({"/bin/ls", "/"}),
              "bin\ndev\netc\nlib\nlib64\nopt\nproc\nsbin\ntmp\nusr\nvar\n");
    EXPECT_EQ(output_of({"/bin/ls", "/dev"}),
              "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n");
}

TEST_F(JailedRuntimes, Python) {
    SKIP_WITHOUT("/usr/bin/python3.11");
    EXPECT_EQ(
        output_of(
            {"/usr/bin/python3.11", "-c",
             "import ssl, subprocess, threading, tempfile, pwd, os, socket, http.client, json\n"
             "t = threading.Thread(target=lambda: print('thread', flush=True)); t.start(); "
             "t.join()\n"
             "print(subprocess.run(['/bin/echo', 'child'], capture_output=True, "
             "text=True).stdout.strip())\n"
             "with tempfile.NamedTemporaryFile() as f: f.write(b'x'); f.flush(); "
             "print(os.path.getsize(f.name))\n"
             "print(pwd.getpwuid(os.getuid()).pw_name, "
             "len(ssl.create_default_context().get_ca_certs()) > 0)\n"
             "print(socket.gethostbyname('localhost'))\n"
             "try: socket.getaddrinfo('example.com', 80)\n"
             "except OSError as e: print('no network')\n"}),
        "thread\nchild\n1\nsbx_user1051 True\n127.0.0.1\nno network\n");
}

TEST_F(JailedRuntimes, PythonMultiprocessing) {
    SKIP_WITHOUT("/usr/bin/python3.11");
    EXPECT_EQ(output_of({"/usr/bin/python3.11", "-c",
                         "import multiprocessing as m\n"
                         "q = m.Queue(); p = m.Process(target=q.put, args=(5,)); p.start(); "
                         "print(q.get()); p.join()\n"}),
              "5\n");
}

TEST_F(JailedRuntimes, Node) {
    SKIP_WITHOUT("/usr/bin/node");
    EXPECT_EQ(
        output_of(
            {"/usr/bin/node", "-e",
             "const w = require('worker_threads'), c = require('child_process'), fs = "
             "require('fs');"
             "console.log(require('os').userInfo().username);"
             "console.log(c.execFileSync('/bin/echo', ['child']).toString().trim());"
             "fs.writeFileSync('/tmp/x', 'y'); console.log(fs.readFileSync('/tmp/x', 'utf8'));"
             "console.log(require('crypto').randomBytes(8).length, "
             "require('tls').rootCertificates.length > 0);"
             "new w.Worker(\"require('worker_threads').parentPort.postMessage('worker')\", {eval: "
             "true})"
             ".on('message', m => console.log(m));"}),
        "sbx_user1051\nchild\ny\n8 true\nworker\n");
}

TEST_F(JailedRuntimes, Java) {
    SKIP_WITHOUT("/usr/bin/java");
    auto const version = output_of({"/usr/bin/java", "-XX:+UseSerialGC", "-Xmx256m", "-version"});
    EXPECT_NE(version.find("OpenJDK"), std::string::npos) << version;
    // Compiles and runs a class: many threads, mapped archives, jrt file system, security
    // properties.
    auto const text = output_of(
        {"/bin/bash", "-c",
         "cat > /tmp/A.java <<'E'\n"
         "public class A { public static void main(String[] a) throws Exception {\n"
         " System.out.println(java.security.SecureRandom.getInstanceStrong().getAlgorithm());\n"
         " System.out.println(javax.net.ssl.SSLContext.getDefault().getProtocol());\n"
         " System.out.println(System.getProperty(\"user.name\"));\n"
         "} }\nE\nexec /usr/bin/java -Xmx300m /tmp/A.java"},
        1024UL << 20);
    EXPECT_NE(text.find("Default\nsbx_user1051\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace meridian::sandbox
