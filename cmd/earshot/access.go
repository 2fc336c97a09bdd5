package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/api/password"
	"github.com/earshot/earshot/models"
)

// firstAdmin is who has the password of the environment variable EARSHOT_ADMIN_PASSWORD, in an archive without users.
const firstAdmin = "admin"

// checkAccess checks the settings of who may do what.
func (c *config) checkAccess() error {
	switch c.Access {
	case "", api.AccessOpen, api.AccessRead, api.AccessLogin:
	default:
		return usageError{fmt.Errorf("access cannot be %q: use open (everybody may do everything), read (everybody may read) or login", c.Access)}
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
		return usageError{fmt.Errorf("public-url is how browsers reach the archive, such as https://archive.example.org, without a path: %q is not", c.PublicURL)}
	}
	for _, proxy := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(proxy); err != nil {
			if _, err := netip.ParseAddr(proxy); err != nil {
				return usageError{fmt.Errorf("trusted-proxies lists addresses and networks, such as 10.0.0.5 or 10.0.0.0/8: %q is none", proxy)}
			}
		}
	}
	return nil
}

// isPublic reports whether others than this machine reach the server, and how that is known.
func (c *config) isPublic() (where string, public bool) {
	if u, err := url.Parse(c.PublicURL); err == nil && c.PublicURL != "" && !isLoopback(u.Hostname()) {
		return "through " + c.PublicURL, true
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err == nil && isLoopback(host) {
		return "", false
	}
	return "at " + c.Listen, true
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// settleAccess decides what those may do who are not logged in, and refuses what its owner cannot have meant: an archive that
// anybody who finds it can change, or one that nobody can get into.
func (a *archive) settleAccess(ctx context.Context) (string, error) {
	users, err := a.Users(ctx)
	if err != nil {
		return "", err
	}
	if secret := os.Getenv(envPrefix + "ADMIN_PASSWORD"); secret != "" && len(users) == 0 {
		if err := a.addUser(ctx, models.User{Name: firstAdmin, Role: models.RoleAdmin}, secret); err != nil {
			return "", fmt.Errorf("making the user %s with the password in %sADMIN_PASSWORD: %w", firstAdmin, envPrefix, err)
		}
		users = append(users, models.User{Name: firstAdmin, Role: models.RoleAdmin})
	}
	where, public := a.c.isPublic()
	access := a.c.Access
	if access == "" {
		access = api.AccessOpen
		if public || len(users) > 0 {
			access = api.AccessLogin
		}
	}
	switch {
	case access == api.AccessOpen && public && !a.c.OpenToNetwork:
		return "", fmt.Errorf("access is open: everybody who reaches the archive %s could change and delete everything in it. Use --access login or --access read instead; "+
			"if that is what you want, because the network is yours alone or a proxy asks for a password, say so with --open-to-network", where)
	case access != api.AccessOpen && !slices.ContainsFunc(users, func(u models.User) bool { return u.Role == models.RoleAdmin }):
		return "", fmt.Errorf("the archive would be reached %s, and has no admin yet who can log in. Make one first: earshot user add NAME --role admin (it asks for a password); "+
			"where no command can be run, as in a container, put the password of the user %s into the environment variable %sADMIN_PASSWORD", orHere(where), firstAdmin, envPrefix)
	}
	return access, nil
}

func orHere(where string) string {
	if where == "" {
		return "from this machine"
	}
	return where
}

// addUser lets somebody log in.
func (a *archive) addUser(ctx context.Context, u models.User, secret string) error {
	if err := models.CheckPassword(u.Name, secret); err != nil {
		return err
	}
	hash, err := password.New().Hash(ctx, secret)
	if err != nil {
		return err
	}
	return a.AddUser(ctx, u, hash)
}

// setPassword gives a user another password.
func (a *archive) setPassword(ctx context.Context, name, secret string) error {
	if err := models.CheckPassword(name, secret); err != nil {
		return err
	}
	hash, err := password.New().Hash(ctx, secret)
	if err != nil {
		return err
	}
	return a.ResetPassword(ctx, name, hash)
}

// readPassword asks for a new password on the terminal, twice and without showing it; what is no terminal gives it in one line.
func readPassword(in io.Reader, ask io.Writer) (string, error) {
	f, ok := in.(*os.File)
	if !ok || !isTerminal(f) {
		return passwordLine(in)
	}
	first, err := hiddenLine(f, ask, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := hiddenLine(f, ask, "The same again: ")
	if err == nil && first != again {
		err = errors.New("these were two different passwords: nothing was changed")
	}
	return first, err
}

// typePassword asks for the password that somebody has.
func typePassword(in io.Reader, ask io.Writer) (string, error) {
	if f, ok := in.(*os.File); ok && isTerminal(f) {
		return hiddenLine(f, ask, "Password: ")
	}
	return passwordLine(in)
}

// passwordLine reads a password that comes in a line.
func passwordLine(in io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, models.MaxPassword+2))
	secret, _, _ := strings.Cut(string(b), "\n")
	secret = strings.TrimSuffix(secret, "\r")
	if err == nil && secret == "" {
		err = errors.New("no password came: type it on a terminal, or give it in a line on standard input")
	}
	return secret, err
}
