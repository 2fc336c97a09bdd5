package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/earshot/earshot/models"
)

// Access says what those may do who are not logged in.
const (
	AccessOpen  = "open"  // everything
	AccessRead  = "read"  // read, what is not kept for those who are logged in
	AccessLogin = "login" // nothing
)

// need is what an operation asks of those who call it: a scope, or one of the two below. The description of the API says it as
// the operation's security.
type need string

const (
	needNothing need = ""
	needRead         = need(models.ScopeRead)
	needWrite        = need(models.ScopeWrite)
	needAdmin        = need(models.ScopeAdmin)
	needSession need = "session" // somebody who is logged in with a password: what is done is about them
)

// The security schemes of the API's description.
const (
	schemeSession = "session"
	schemeToken   = "token"
)

// asking makes an operation need something else than its method says.
func asking(n need, op huma.Operation) huma.Operation {
	switch n {
	case needNothing:
		op.Security = []map[string][]string{{}}
	case needSession:
		op.Security = []map[string][]string{{schemeSession: {}}}
	default:
		op.Security = []map[string][]string{{schemeSession: {string(n)}}, {schemeToken: {string(n)}}}
	}
	return op
}

// withNeed completes the description of an operation with what it needs and how it answers those who do not have it.
func withNeed(op huma.Operation) huma.Operation {
	if op.Security == nil {
		op = asking(needByMethod(op.Method, op.Path), op)
	}
	answers := []int{http.StatusTooManyRequests}
	if needOf(&op) != needNothing {
		answers = append(answers, http.StatusUnauthorized, http.StatusForbidden)
	}
	for _, status := range answers {
		if !slices.Contains(op.Errors, status) {
			op.Errors = append(op.Errors, status)
		}
	}
	return op
}

// needOf reads what an operation needs.
func needOf(op *huma.Operation) need {
	for _, scheme := range op.Security {
		scopes, ok := scheme[schemeSession]
		switch {
		case !ok:
			continue
		case len(scopes) == 0:
			return needSession
		}
		return need(scopes[0])
	}
	return needNothing
}

// needByMethod is what is needed where nothing else is said: to read, or to change. Uploads are about what is added.
func needByMethod(method, path string) need {
	switch {
	case !strings.HasPrefix(path, "/api/"):
		return needNothing // the page, which shows what the API lets it; health and numbers decide for themselves
	case strings.HasPrefix(path, uploadsPath):
		return needWrite
	case method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions:
		return needRead
	}
	return needWrite
}

// describeSecurity adds the schemes to the description.
func describeSecurity(d *huma.OpenAPI) {
	d.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeSession: {
			Type: "apiKey", In: "cookie", Name: cookieName,
			Description: "A browser's session, from POST /api/v1/session. Behind https the cookie's name begins with __Host-. " +
				"Where the archive's access is \"open\" nothing needs it, where it is \"read\" reading does not.",
		},
		schemeToken: {
			Type: "http", Scheme: "bearer",
			Description: "A program's token, from POST /api/v1/tokens or earshot token add. It has a scope, read, write or admin, each of which includes those before it.",
		},
	}
}

// gate decides for every request who asks and whether they may. It is the one place that does.
type gate struct {
	o      Options
	logins *limiter        // by address
	names  *limiter        // of logins, by the name that is tried
	calls  *limiter        // by address or user
	needs  map[string]need // by method and route, as gin has it
	first  firstAdmin
}

func newGate(o Options) *gate {
	return &gate{
		o: o, needs: map[string]need{},
		logins: newLimiter(loginsPerSecond, loginsAtOnce), names: newLimiter(namesPerSecond, namesAtOnce), calls: newLimiter(callsPerSecond, callsAtOnce),
	}
}

// learn reads what the operations need from their description.
func (g *gate) learn(d *huma.OpenAPI) {
	for path, item := range d.Paths {
		route := strings.NewReplacer("{", ":", "}", "").Replace(path)
		for _, op := range operationsOf(item) {
			g.needs[op.Method+" "+route] = needOf(op)
		}
	}
}

func operationsOf(item *huma.PathItem) (out []*huma.Operation) {
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch} {
		if op != nil {
			out = append(out, op)
		}
	}
	return out
}

// need returns what the route of a request needs. What has no description needs what its method says.
func (g *gate) need(c *gin.Context) need {
	route := c.FullPath()
	if n, ok := g.needs[c.Request.Method+" "+route]; ok {
		return n
	}
	if strings.HasPrefix(route, descriptionPath) {
		return needNothing
	}
	return needByMethod(c.Request.Method, route)
}

// check lets a request pass, with who asks in its context, or answers it.
func (g *gate) check(c *gin.Context) {
	who, err := g.identify(c)
	if err != nil {
		g.fail(c, err)
		return
	}
	if wait := g.tooOften(c.Request.Context(), who); wait > 0 {
		tooMany(c.Writer.Header(), wait)
		refuseWith(c, http.StatusTooManyRequests, "too many requests: slow down")
		return
	}
	c.Request = c.Request.WithContext(withCaller(c.Request.Context(), who))
	switch n := g.need(c); {
	case who.may(n):
	case who.name == "":
		c.Header("WWW-Authenticate", `Bearer realm="Earshot"`)
		refuseWith(c, http.StatusUnauthorized, "log in first: in the page, or with a token")
	case n == needSession:
		refuseWith(c, http.StatusForbidden, "this is only for somebody who is logged in with a password, not for a token")
	default:
		refuseWith(c, http.StatusForbidden, who.name+" may not do this: it needs "+needed(n))
	}
}

// needed says to people what an operation needs.
func needed(n need) string {
	switch n {
	case needAdmin:
		return "the role admin, and of a token the scope admin"
	case needWrite:
		return "the role editor or admin, and of a token the scope write"
	}
	return "the role reader, and of a token the scope read"
}

func refuseWith(c *gin.Context, status int, detail string) {
	writeProblem(c.Writer, status, detail)
	c.Abort()
}
