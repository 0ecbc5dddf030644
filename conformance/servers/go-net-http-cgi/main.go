// Serves scripts below /cgi-bin/ and /htbin/ by net/http/cgi, and other files by http.FileServer.
//
//	go-cgi PORT-FILE ROOT USER      takes a free port, writes it to PORT-FILE, and gives up root for USER
//
// A cgi.Handler runs one script, so this program chooses the script: the first file on the path. Everything else is
// Go's: http.ServeMux redirects a path with "//" or ".." to the clean one, and serves the target of a local redirect.
package main

import (
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	portFile, root, name := os.Args[1], os.Args[2], os.Args[3]
	http.Handle("/", http.FileServer(http.Dir(root)))
	for _, prefix := range []string{"/cgi-bin/", "/htbin/"} {
		http.Handle(prefix, scripts(root, prefix))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	check(os.WriteFile(portFile+".new", []byte(port), 0o644))
	check(os.Rename(portFile+".new", portFile))
	if os.Getuid() == 0 {
		check(becomes(name))
	}
	check(http.Serve(listener, nil))
}

// scripts returns a handler that runs the scripts below the directory root + prefix.
func scripts(root, prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(prefix, "/")
		for _, segment := range strings.Split(strings.TrimPrefix(r.URL.Path, prefix), "/") {
			name += "/" + segment
			script := filepath.Join(root, name)
			info, err := os.Stat(script)
			if err == nil && info.IsDir() {
				continue
			}
			if err != nil || !info.Mode().IsRegular() {
				break
			}
			handler := cgi.Handler{
				Path: script, Root: name, Dir: filepath.Dir(script), PathLocationHandler: http.DefaultServeMux,
			}
			handler.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

// becomes gives up root for a user and its group.
func becomes(name string) error {
	account, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setgid(gid) },
		func() error { return syscall.Setuid(uid) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
