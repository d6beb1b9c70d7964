// Starts a Python program in the bundle that this executable stands in, in any image: by the bundle's own loader.
//
//	start PROGRAM.py ARG...
//
// Variables that would reach into the process are renamed to KERNELPAIR_KEPT_<NAME>; the program gives them back to
// what it starts.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const kept = "KERNELPAIR_KEPT_"

// What the loader, the C library and OpenSSL read: a library, a tunable or a table of the image's.
var reaching = []string{
	"GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "NIS_PATH", "NLSPATH",
	"OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES", "RESOLV_HOST_CONF", "RES_OPTIONS",
}

var reachingPrefixes = []string{"LD_", "MALLOC_"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kernelpair:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) < 2 {
		return fmt.Errorf("start: no program to start: start PROGRAM.py ARG...")
	}
	dir, err := folder()
	if err != nil {
		return err
	}
	loader, lib, python := filepath.Join(dir, "lib/ld.so"), filepath.Join(dir, "lib"), filepath.Join(dir, "bin/python3")
	args := []string{
		loader, "--inhibit-cache", "--library-path", lib, "--argv0", python, python, "-I", "-B", "-X", "utf8",
	}
	if err := syscall.Exec(loader, append(args, os.Args[1:]...), environment(os.Environ())); err != nil {
		return fmt.Errorf("start: %s can't be run: %v: is the bundle whole, and for this machine's architecture?", loader, err)
	}
	return nil
}

// folder returns where this executable stands; argv[0] says it where there is no /proc.
func folder() (string, error) {
	itself, err := os.Readlink("/proc/self/exe")
	if err != nil || !filepath.IsAbs(itself) {
		if itself, err = exec.LookPath(os.Args[0]); err == nil {
			itself, err = filepath.Abs(itself)
		}
		if err == nil {
			itself, err = filepath.EvalSymlinks(itself)
		}
	}
	if err != nil {
		return "", fmt.Errorf("start: can't tell where the bundle is, from /proc/self/exe or %q: %v", os.Args[0], err)
	}
	return filepath.Dir(itself), nil
}

// environment returns the variables with those renamed that would reach into the process. A variable that already has
// such a name gives way to one that gets it.
func environment(given []string) []string {
	taken := map[string]bool{}
	for _, variable := range given {
		if name, _, _ := strings.Cut(variable, "="); reaches(name) {
			taken[kept+name] = true
		}
	}
	result := make([]string, 0, len(given))
	for _, variable := range given {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case reaches(name):
			result = append(result, kept+variable)
		case !taken[name]:
			result = append(result, variable)
		}
	}
	return result
}

func reaches(name string) bool {
	for _, prefix := range reachingPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, other := range reaching {
		if name == other {
			return true
		}
	}
	return false
}
