#include "route.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <tuple>

#include "scratch_directory.h"

namespace cgi {
namespace {

class RouteTest : public ::testing::Test {
 protected:
  RouteTest() {
    site_.write("root/cgi-bin/env", "#!/bin/sh\n", 0755);
    site_.write("root/cgi-bin/sub/deep/env", "#!/bin/sh\n", 0755);
    site_.write("root/htbin/env", "#!/bin/sh\n", 0755);
    site_.write("root/tool", "#!/bin/sh\n", 0755);
    site_.write("root/file.txt", "text");
    site_.write("root/dir/index.html", "index");
    site_.write("root/old/index.htm", "index");
    site_.write("root/list/file", "");
    site_.write("root/confusing/index.html/file", "");
    site_.write("root/cgi-bin/oct\xe7", "#!/bin/sh\n", 0755);
    site_.write("root/oct\xe7/oct\xe7.txt", "text");
    site_.write("root/oct\xe7/\xed\xb3\xa7", "the octets of a surrogate");
    site_.write("outside/secret", "secret", 0755);
    site_.link("root/cgi-bin/link", "env");
    site_.link("root/cgi-bin/out", "../../outside/secret");
    site_.link("root/cgi-bin/outdir", "../../outside");
    site_.link("root/cgi-bin/dangling", "nothing");
    site_.link("root/out", "../outside/secret");
    site_.link("root/inner", "dir");
    site_.link("root/cgi-bin/absolute", site_.path("root/cgi-bin/env"));
    site_.link("root/cgi-bin/absolute-out", site_.path("outside/secret"));
    site_.link("root/absolute", site_.path("root/file.txt"));
    site_.link("root/absolute-dir", site_.path("root/dir"));
    site_.link("root/absolute-root", site_.path("root"));
    site_.link("root/absolute-out", site_.path("outside/secret"));
    site_.link("root/absolute-beside", site_.path("root-file.txt"));
    site_.link("root/round-about", "../../" + site_.name() + "/root/file.txt");
    site_.write("root-file.txt", "secret");
    ::mkfifo(site_.path("root/fifo").c_str(), 0644);
    ::mkfifo(site_.path("root/cgi-bin/fifo").c_str(), 0755);
  }

  Route route(const std::string& target, const std::string& method = "GET") {
    Request request;
    request.method = method;
    request.target = target;
    return find_route(request, DocumentRoot(site_.path("root"), false), cgi_directories_, any_method_);
  }
  std::string refusal(const std::string& target, const std::string& method = "GET") {
    const Route found = route(target, method);
    if (found.kind != RouteKind::kRefusal) return "served";
    return std::to_string(found.refusal.status) + " " + found.refusal.reason;
  }

  ScratchDirectory site_;
  std::vector<std::string> cgi_directories_ = {"/cgi-bin", "/htbin"};
  bool any_method_ = false;
};

TEST_F(RouteTest, TheFirstNameThatIsNoDirectoryIsTheScript) {
  using Split = std::tuple<std::string, std::string, std::string>;
  const std::map<std::string, Split> splits = {
      {"/cgi-bin/env", {"/cgi-bin/env", "", ""}},
      {"/cgi-bin/env/", {"/cgi-bin/env", "/", ""}},
      {"/cgi-bin/env/a//b/?q=1?2", {"/cgi-bin/env", "/a/b/", "q=1?2"}},
      {"/cgi-bin/sub/deep/env/x", {"/cgi-bin/sub/deep/env", "/x", ""}},
      {"/htbin/env", {"/htbin/env", "", ""}},
      {"cgi-bin/env", {"/cgi-bin/env", "", ""}},
      {"/x/..%2fcgi-bin%2Fenv", {"/cgi-bin/env", "", ""}},
      {"/cgi-bin/env#/../../file.txt", {"/cgi-bin/env", "", ""}},
      {"/cgi-bin/link", {"/cgi-bin/link", "", ""}},
      {"/cgi-bin/absolute/x", {"/cgi-bin/absolute", "/x", ""}},
      {"/cgi-bin/oct%E7/oct%E7", {"/cgi-bin/oct\xe7", "/oct\xe7", ""}},
      {"/cgi-bin/oct%ED%B3%A7/oct%ED%B3%A7?%ED%B3%A7", {"/cgi-bin/oct\xe7", "/oct\xed\xb3\xa7", "%ED%B3%A7"}},
  };
  for (const auto& [target, split] : splits) {
    const Route found = route(target);
    EXPECT_EQ(RouteKind::kScript, found.kind) << target;
    EXPECT_EQ(split, Split(found.script.script_name, found.script.path_info, found.query)) << target;
  }
}

TEST_F(RouteTest, ScriptsThatCannotRunAreRefusedBeforeAnyStatusIsSent) {
  const std::map<std::string, std::string> refusals = {
      {"/cgi-bin/nothing", "404 No such CGI script ('/cgi-bin/nothing')"},
      {"/cgi-bin/nothing/more", "404 No such CGI script ('/cgi-bin/nothing')"},
      {"/cgi-bin/dangling", "404 No such CGI script ('/cgi-bin/dangling')"},
      {"/cgi-bin/%2565nv", "404 No such CGI script ('/cgi-bin/%65nv')"},
      {"/cgi-bin/%252e%252e/tool", "404 No such CGI script ('/cgi-bin/%2e%2e')"},
      {"/cgi-bin/env%3Fa=b", "404 No such CGI script ('/cgi-bin/env?a=b')"},
      {"/cgi-bin/\xc3\xa9", "404 No such CGI script ('/cgi-bin/\\xc3\\xa9')"},
      {"/cgi-bin/", "403 CGI script is not a plain file ('/cgi-bin/')"},
      {"/cgi-bin/#/../../x", "403 CGI script is not a plain file ('/cgi-bin/')"},
      {"/cgi-bin/sub", "403 CGI script is not a plain file ('/cgi-bin/sub')"},
      {"/cgi-bin/sub/", "403 CGI script is not a plain file ('/cgi-bin/sub/')"},
      {"/cgi-bin/fifo", "403 CGI script is not a plain file ('/cgi-bin/fifo')"},
      {"/cgi-bin/out", "403 CGI script is outside the document root ('/cgi-bin/out')"},
      {"/cgi-bin/absolute-out", "403 CGI script is outside the document root ('/cgi-bin/absolute-out')"},
      {"/cgi-bin/outdir/secret", "403 CGI script is outside the document root ('/cgi-bin/outdir')"},
  };
  for (const auto& [target, expected] : refusals) EXPECT_EQ(expected, refusal(target)) << target;
}

TEST_F(RouteTest, TargetsAboveTheRootAreRefused) {
  for (const char* target : {"/..", "/../file.txt", "/dir/%2e%2e/../file.txt", "/cgi-bin/../../x", "/file.txt%00",
                             "/cgi-bin/env%00", "/cgi-bin/env/%00"}) {
    EXPECT_EQ("400", refusal(target).substr(0, 3)) << target;
  }
}

TEST_F(RouteTest, FilesRefusePostAndUnknownMethods) {
  for (const char* target : {"/file.txt", "/dir/", "/", "/nothing", "/cgi-bin", "/tool", "/sub/cgi-bin/env"}) {
    EXPECT_EQ("501 Can only POST to CGI scripts", refusal(target, "POST")) << target;
  }
  EXPECT_EQ(RouteKind::kScript, route("/cgi-bin/env", "POST").kind);
  EXPECT_EQ("404 No such CGI script ('/cgi-bin/nothing')", refusal("/cgi-bin/nothing", "POST"));
  for (const char* method : {"PUT", "get", "OPTIONS"}) {
    EXPECT_EQ(std::string("501 Unsupported method ('") + method + "')", refusal("/cgi-bin/env", method));
  }
}

TEST_F(RouteTest, ScriptsAcceptEveryMethodWithAnyMethod) {
  any_method_ = true;
  for (const char* method : {"PUT", "DELETE", "get"}) {
    EXPECT_EQ(RouteKind::kScript, route("/cgi-bin/env", method).kind);
    EXPECT_EQ(std::string("501 Unsupported method ('") + method + "')", refusal("/file.txt", method));
  }
}

TEST_F(RouteTest, FilesOfARootThatHoldsScriptsAreScripts) {
  cgi_directories_ = {"/", "/cgi-bin"};
  using Split = std::tuple<std::string, std::string, std::string>;
  const std::map<std::string, Split> splits = {
      {"/tool", {"/tool", "", ""}},
      {"//tool?a/b", {"/tool", "", "a/b"}},
      {"tool", {"/tool", "", ""}},
      {"/dir/../tool", {"/tool", "", ""}},
      {"/%74ool/a//b/", {"/tool", "/a/b/", ""}},
      {"/tool/.", {"/tool", "/", ""}},
      {"/tool#/x", {"/tool", "", ""}},
      {"/file.txt", {"/file.txt", "", ""}},  // the kernel decides later whether it can be executed
      {"/cgi-bin/env/x", {"/cgi-bin/env", "/x", ""}},
  };
  for (const auto& [target, split] : splits) {
    for (const char* method : {"GET", "HEAD", "POST"}) {
      const Route found = route(target, method);
      EXPECT_EQ(RouteKind::kScript, found.kind) << target;
      EXPECT_EQ(split, Split(found.script.script_name, found.script.path_info, found.query)) << target;
    }
  }
  EXPECT_EQ("404 No such CGI script ('/nothing')", refusal("/nothing/x"));
  EXPECT_EQ("403 CGI script is not a plain file ('/fifo')", refusal("/fifo"));
  EXPECT_EQ("403 CGI script is outside the document root ('/out')", refusal("/out"));
}

TEST_F(RouteTest, DirectoriesOfARootThatHoldsScriptsAreServedAsWithout) {
  cgi_directories_ = {"/", "/cgi-bin"};
  using Found = std::pair<RouteKind, std::string>;
  const std::map<std::string, Found> found = {
      {"/", {RouteKind::kListing, "/"}},
      {"/list/", {RouteKind::kListing, "/list"}},
      {"/list/file", {RouteKind::kFile, "/list/file"}},
      {"/inner/index.html", {RouteKind::kFile, "/inner/index.html"}},
      {"/dir/", {RouteKind::kFile, "/dir/index.html"}},
      {"/htbin/env", {RouteKind::kFile, "/htbin/env"}},
  };
  for (const auto& [target, expected] : found) {
    const Route got = route(target);
    EXPECT_EQ(expected, Found(got.kind, got.path)) << target << ": " << got.refusal.reason;
    EXPECT_EQ("501 Can only POST to CGI scripts", refusal(target, "POST")) << target;
  }
  EXPECT_EQ("/list/", route("/list").location);
  EXPECT_EQ("501 Can only POST to CGI scripts", refusal("/list", "POST"));
  EXPECT_EQ("403 CGI script is not a plain file ('/cgi-bin/')", refusal("/cgi-bin/"));
}

TEST_F(RouteTest, AnExecutableIndexOfARootThatHoldsScriptsIsNotShown) {
  site_.write("root/index.html", "#!/bin/sh\n", 0711);
  site_.write("root/index.htm", "the next one");
  site_.write("root/dir/index.html", "#!/bin/sh\n", 0755);
  EXPECT_EQ("/index.html", route("/").path);
  cgi_directories_ = {"/"};
  EXPECT_EQ("/index.htm", route("/").path);
  EXPECT_EQ("/dir/index.html", route("/dir/").path);
  site_.write("root/index.htm", "#!/bin/sh\n", 0744);
  EXPECT_EQ(RouteKind::kListing, route("/").kind);
}

// rule: disclosure/unreadable-index
TEST_F(RouteTest, AnIndexThatIsKeptBackBecomesNoListing) {
  ASSERT_EQ(0, ::mkfifo(site_.path("outside/fifo").c_str(), 0644));
  // The answer does not tell what is outside of the root.
  for (const std::string name : {"secret", "fifo", "nothing"}) {
    site_.write("root/to-" + name + "/neighbour", "");
    site_.link("root/to-" + name + "/index.html", "../../outside/" + name);
    EXPECT_EQ("404 File not found", refusal("/to-" + name + "/"));
  }
  site_.link("root/list/index.html", "nothing");
  EXPECT_EQ(RouteKind::kListing, route("/list/").kind);
}

TEST_F(RouteTest, FilesAndDirectoriesAreMappedAsInSimpleHttpRequestHandler) {
  using Found = std::pair<RouteKind, std::string>;
  const std::map<std::string, Found> found = {
      {"/file.txt", {RouteKind::kFile, "/file.txt"}},
      {"//file.txt?q#f", {RouteKind::kFile, "/file.txt"}},
      {"/dir/../file.txt", {RouteKind::kFile, "/file.txt"}},
      {"/tool", {RouteKind::kFile, "/tool"}},
      {"/dir/", {RouteKind::kFile, "/dir/index.html"}},
      {"/inner/", {RouteKind::kFile, "/inner/index.html"}},
      {"/old/", {RouteKind::kFile, "/old/index.htm"}},
      {"/list/", {RouteKind::kListing, "/list"}},
      {"/confusing/", {RouteKind::kListing, "/confusing"}},
      {"/", {RouteKind::kListing, "/"}},
      {"/absolute", {RouteKind::kFile, "/absolute"}},
      {"/absolute-dir/", {RouteKind::kFile, "/absolute-dir/index.html"}},
      {"/absolute-root/absolute-root/file.txt", {RouteKind::kFile, "/absolute-root/absolute-root/file.txt"}},
      {"/absolute-root/", {RouteKind::kListing, "/absolute-root"}},
      {"/round-about", {RouteKind::kFile, "/round-about"}},
      {"/oct%E7/", {RouteKind::kListing, "/oct\xe7"}},
      {"/oct%ED%B3%A7/", {RouteKind::kListing, "/oct\xe7"}},
      {"/oct%ED%B3%A7/oct%ED%B3%A7.txt", {RouteKind::kFile, "/oct\xe7/oct\xe7.txt"}},
      {"/oct\xed\xb3\xa7/oct%E7.txt", {RouteKind::kFile, "/oct\xe7/oct\xe7.txt"}},
      {"/oct%E7/%ED%B3%AD%ED%B2%B3%ED%B2%A7", {RouteKind::kFile, "/oct\xe7/\xed\xb3\xa7"}},
  };
  for (const auto& [target, expected] : found) {
    const Route got = route(target);
    EXPECT_EQ(expected, Found(got.kind, got.path)) << target << ": " << got.refusal.reason;
  }
  for (const char* target :
       {"/nothing", "/file.txt/", "/file.txt/x", "/fi%256ce.txt", "/out", "/fifo", "/FILE.TXT", "/absolute-out",
        "/absolute-beside", "/absolute-root/absolute-out", "/oct%25ED%25B3%25A7/", "/oct%E7/%ED%B3%A7",
        "/dir%ED%B0%AF..%ED%B0%AFfile.txt", "/dir/%ED%B0%AE%ED%B0%AE/file.txt"}) {
    EXPECT_EQ("404 File not found", refusal(target)) << target;
  }
}

TEST_F(RouteTest, DirectoriesWithoutASlashAreRedirected) {
  const std::map<std::string, std::string> locations = {
      {"/dir", "/dir/"},  {"/dir?a=b", "/dir/?a=b"},           {"/dir?", "/dir/"}, {"/cgi-bin", "/cgi-bin/"},
      {"//dir", "/dir/"}, {"/list/..", "/list/../"},           {"?a=b", "/?a=b"},  {"?", "/"},
      {"#x", "/#x"},      {"/oct%ED%B3%A7", "/oct%ED%B3%A7/"},
  };
  for (const auto& [target, location] : locations) {
    const Route got = route(target);
    EXPECT_EQ(RouteKind::kRedirect, got.kind) << target;
    EXPECT_EQ(location, got.location);
  }
}

}  // namespace
}  // namespace cgi
