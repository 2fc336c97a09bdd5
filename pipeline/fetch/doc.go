// Package fetch gets feeds and recordings from web servers that are not to be trusted.
//
// Every connection, those that redirects lead to included, is checked at connect time: private, local and otherwise
// special addresses are refused unless Options.AllowPrivate is set, whatever name led there. Only http and https are
// spoken, redirects are few, and never lead from https to http with a password at hand. Every wait is bounded: for the
// connection, for the answer's head, and for the body's next bytes. Every body is bounded in size, after decompression.
//
// Errors name the thing without its query and password, which may be secrets of a private feed. An error of which
// errors.Is(err, models.ErrUnusable) holds will not go away by trying again; any other may.
package fetch
