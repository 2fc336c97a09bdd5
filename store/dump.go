package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// The catalogue in a form that belongs to no engine, for backups: parts of lines of JSON. The first line of a part names a
// table and its columns, each of the others is a row, as a list of values in the order of the columns. Bytes are {"b":"base64"}.
// Which tables and columns there are follows from the database itself, so that a new migration needs no code here; its
// version says how they are to be understood. A row is the same on every engine, see "Two engines" of the package.

// partBytes is when the next part begins; maxPart is what a part may have to be read, because rows differ in length.
const (
	partBytes = 4 << 20
	maxPart   = 256 << 20
)

// passing reports whether a table holds what is true of this moment only, or what others keep: the queue's jobs follow from
// the episodes' states, and what is in doubt from their transcripts.
func passing(table string) bool {
	return strings.HasPrefix(table, "river_") || slices.Contains([]string{"goose_db_version", "workers", "progress", "claims", "sessions", "unwanted_media", "doubts", "looked_through"}, table)
}

// tables returns the names of the tables that make up the catalogue, each after those that it refers to.
func (e *engine) tables(ctx context.Context, tx bun.Tx) ([]string, error) {
	var all []string
	if err := tx.NewRaw(e.listTables).Scan(ctx, &all); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, passing), nil
}

// quoted makes a name of the database's own part of a statement.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// partHead is the first line of a part.
type partHead struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// blob is how bytes are written.
type blob64 struct {
	B []byte `json:"b"`
}

// dump writes the tables, in parts, as they are in tx. told is called with the number of rows written so far.
func dump(ctx context.Context, tx bun.Tx, tables []string, part func([]byte) error, told func(rows int64)) error {
	var rows int64
	for _, table := range tables {
		d := dumper{part: part}
		if err := d.table(ctx, tx, table, func() { rows++; told(rows) }); err != nil {
			return fmt.Errorf("reading the table %s: %w", table, err)
		}
	}
	return nil
}

type dumper struct {
	part func([]byte) error
	head []byte // of every part
	buf  bytes.Buffer
}

func (d *dumper) table(ctx context.Context, tx bun.Tx, table string, told func()) (err error) {
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+quoted(table))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	columns, truths := make([]string, len(types)), make([]bool, len(types))
	for i, c := range types {
		columns[i], truths[i] = c.Name(), strings.HasPrefix(c.DatabaseTypeName(), "BOOL")
	}
	if d.head, err = json.Marshal(partHead{table, columns}); err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			if n, ok := v.(int64); ok && truths[i] { // SQLite has numbers for them
				values[i] = n != 0
			}
		}
		if err := d.row(values); err != nil {
			return err
		}
		told()
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return d.flush()
}

func (d *dumper) row(values []any) error {
	for i, v := range values {
		switch v := v.(type) {
		case nil, int64, string, bool, float64:
		case []byte:
			values[i] = blob64{v}
		default:
			return fmt.Errorf("a value of type %T cannot be kept", v)
		}
	}
	line, err := json.Marshal(values)
	if err != nil {
		return err
	}
	if d.buf.Len() == 0 {
		d.buf.Write(append(d.head, '\n'))
	}
	d.buf.Write(append(line, '\n'))
	if d.buf.Len() < partBytes {
		return nil
	}
	return d.flush()
}

func (d *dumper) flush() error {
	if d.buf.Len() == 0 {
		return nil
	}
	err := d.part(d.buf.Bytes())
	d.buf.Reset()
	return err
}

// loader fills empty tables with what a dump has.
type loader struct {
	e      *engine
	tx     bun.Tx
	tables []string
	rows   int64
}

// newLoader empties the tables of what a migration put there.
func newLoader(ctx context.Context, e *engine, tx bun.Tx) (*loader, error) {
	tables, err := e.tables(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, table := range slices.Backward(tables) {
		if _, err := tx.NewRaw("DELETE FROM " + quoted(table)).Exec(ctx); err != nil {
			return nil, err
		}
	}
	return &loader{e: e, tx: tx, tables: tables}, nil
}

// errForeign is a part that cannot have been written by a program with the same tables.
func errForeign(format string, args ...any) error {
	return models.Explain(models.ErrInvalid, "the backup cannot be understood: "+format, args...)
}

// part adds the rows of a part. Names are taken from the database, never from the part.
func (l *loader) part(ctx context.Context, text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var head partHead
	if err := d.Decode(&head); err != nil {
		return errForeign("a part of the catalogue does not begin with the name of a table")
	}
	if !slices.Contains(l.tables, head.Table) {
		return errForeign("there is no table %q", head.Table)
	}
	if err := l.known(ctx, head); err != nil {
		return err
	}
	const mostValues = 5000 // in one statement
	most := max(1, mostValues/len(head.Columns))
	for {
		var values []any
		n := 0
		for ; n < most; n++ {
			row, err := readRow(d, len(head.Columns))
			if errors.Is(err, io.EOF) {
				return l.insert(ctx, head, n, values)
			}
			if err != nil {
				return err
			}
			values = append(values, row...)
		}
		if err := l.insert(ctx, head, n, values); err != nil {
			return err
		}
	}
}

// known checks that a part has the columns that its table has.
func (l *loader) known(ctx context.Context, head partHead) (err error) {
	rows, err := l.tx.QueryContext(ctx, "SELECT * FROM "+quoted(head.Table)+" LIMIT 0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	has, err := rows.Columns()
	if err != nil {
		return err
	}
	slices.Sort(has)
	if given := slices.Sorted(slices.Values(head.Columns)); !slices.Equal(given, has) {
		return errForeign("the table %q has other columns", head.Table)
	}
	return rows.Err()
}

func (l *loader) insert(ctx context.Context, head partHead, n int, values []any) error {
	if n == 0 {
		return nil
	}
	names := make([]string, len(head.Columns))
	for i, c := range head.Columns {
		names[i] = quoted(c)
	}
	row := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	_, err := l.tx.NewRaw("INSERT INTO "+quoted(head.Table)+" ("+strings.Join(names, ", ")+") VALUES "+
		row+strings.Repeat(", "+row, n-1), values...).Exec(ctx)
	l.rows += int64(n)
	if err != nil {
		return fmt.Errorf("filling the table %s: %w", head.Table, err)
	}
	return nil
}

// readRow reads a row of so many values.
func readRow(d *json.Decoder, columns int) ([]any, error) {
	var row []any
	if err := d.Decode(&row); errors.Is(err, io.EOF) {
		return nil, io.EOF
	} else if err != nil || len(row) != columns {
		return nil, errForeign("a row of the catalogue is not whole")
	}
	for i, v := range row {
		switch v := v.(type) {
		case nil, string, bool:
		case json.Number:
			n, err := number(v)
			if err != nil {
				return nil, err
			}
			row[i] = n
		case map[string]any:
			b, err := bytesOf(v)
			if err != nil {
				return nil, err
			}
			row[i] = b
		default:
			return nil, errForeign("a row of the catalogue has a list in it")
		}
	}
	return row, nil
}

func number(v json.Number) (any, error) {
	if n, err := v.Int64(); err == nil {
		return n, nil
	}
	f, err := v.Float64()
	if err != nil || math.IsInf(f, 0) {
		return nil, errForeign("%s is no number", v)
	}
	return f, nil
}

func bytesOf(v map[string]any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var b blob64
	if _, ok := v["b"].(string); !ok || len(v) != 1 || json.Unmarshal(text, &b) != nil {
		return nil, errForeign("a row of the catalogue has bytes that are none")
	}
	return b.B, nil
}
