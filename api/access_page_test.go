package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/earshot/earshot/models"
)

// People log in, see what they may do and nothing else, and an admin lets others in.
func TestAccessPage(t *testing.T) {
	browser := startBrowser(t)
	a, first := library(t)
	for _, s := range a.shows {
		must(t, a.SetShowVisibility(t.Context(), s.ID, models.VisibleToEveryone))
	}
	users := newAccounts(t)
	b := openTab(t, browser, a, "/episodes/"+string(first), withAccounts(AccessLogin, users))
	logIn := func(name, password string) {
		t.Helper()
		b.do(chromedp.WaitVisible(`.login input[name=username]`))
		b.eval(`document.querySelector('.login input').select()`)
		b.do(chromedp.SendKeys(`.login input[name=username]`, name), chromedp.SendKeys(`.login input[name=password]`, password))
		b.click(`.login .primary`)
	}
	b.until(`document.querySelector('.login') !== null`)
	if body := b.text("body"); strings.Contains(body, "budget") || strings.Contains(body, "Systems") {
		t.Errorf("a stranger sees %s", body)
	}
	b.shoot("access-login")
	b.prefer("dark", "reduce")
	b.size(375, 740)
	logIn("reader", "not the password")
	b.until(`document.querySelector('.login [role=alert]')?.innerText.includes('wrong')`)
	b.shoot("access-login-phone-dark")
	b.size(1280, 800)
	b.prefer("light", "reduce")
	logIn("reader", passwordOf("reader"))
	b.until(`document.querySelector('.reader h2') !== null && document.querySelector('.who .name')?.innerText === 'reader'`)
	b.do(chromedp.Navigate(b.url))
	b.until(`document.querySelector('#library') !== null && document.querySelectorAll('.list li').length > 3`)
	for _, control := range []string{".list .add", ".list li button", ".list .link"} {
		if n := b.eval(`document.querySelectorAll('` + control + `').length`); n != "0" {
			t.Errorf("a reader sees %s of %q", n, control)
		}
	}
	b.click(".who")
	b.until(`document.querySelector('#tokens') !== null && document.querySelectorAll('[aria-labelledby=browsers] li').length === 2`)
	if n := b.eval(`document.querySelectorAll('#users').length + document.querySelectorAll('[aria-labelledby=tokens] select')[0].options.length`); n != "1" {
		t.Errorf("a reader is offered users, or tokens for more than reading: %s", n)
	}
	b.eval(`localStorage.setItem('earshot.saved', '["what the reader looks for"]')`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('.account .button').click()`))                                                    // log out
	b.until(`document.querySelector('.login') !== null && ['recent', 'saved', 'places'].every(k => localStorage.getItem('earshot.' + k) === null)`) // whoever comes next
	logIn("admin", passwordOf("admin"))
	b.until(`document.querySelector('.who .name')?.innerText === 'admin' && document.querySelector('.list .add') !== null && document.querySelector('.list li button') !== null`)
	b.click(".shows a")
	b.until(`document.querySelector('#show') !== null`)
	b.eval(`[...document.querySelectorAll('.row button')].find(e => e.innerText === 'Settings').click()`)
	b.until(`document.querySelector('.sees select')?.value === 'everyone'`)
	b.eval(`(select => { select.value = 'members'; select.dispatchEvent(new Event('change', {bubbles: true})) })(document.querySelector('.sees select'))`)
	b.shoot("access-visibility")
	b.eval(`[...document.querySelectorAll('.panel button')].find(e => e.innerText === 'Store').click()`)
	b.until(`document.querySelector('.panel') === null`)
	if shows, err := a.Shows(t.Context()); err != nil || !slices.ContainsFunc(shows, func(s models.Show) bool { return s.VisibleTo == models.VisibleToMembers }) {
		t.Errorf("%v; no show is for members alone", err)
	}
	b.click(".who")
	b.until(`document.querySelectorAll('[aria-labelledby=users] li').length === 3`)
	b.do(chromedp.SendKeys(`[aria-labelledby=users] form.fields input`, "New.Person@example.org"), chromedp.SendKeys(`[aria-labelledby=users] form.fields input[type=password]`, "a few words in a row"))
	b.click(`[aria-labelledby=users] form.fields .button`)
	b.until(`document.querySelectorAll('[aria-labelledby=users] li').length === 4`)
	b.shoot("access-account")
	b.do(chromedp.SendKeys(`[aria-labelledby=tokens] form.fields input`, "backup script"))
	b.click(`[aria-labelledby=tokens] form.fields .button`)
	b.until(`document.querySelector('.fresh code')?.innerText.startsWith('earshot_')`)
	b.do(chromedp.ScrollIntoView(`.fresh`))
	b.shoot("access-token")
	b.prefer("dark", "reduce")
	b.size(375, 740)
	b.do(chromedp.ScrollIntoView(`#users`))
	b.shoot("access-account-phone-dark")
	if w := b.eval(`document.documentElement.scrollWidth`); w != "375" {
		t.Errorf("the page is %s wide on a phone of 375", w)
	}
	// The session is ended elsewhere: the page notices with the next thing that it asks.
	if err := users.SetPassword(t.Context(), "admin", ""); err != nil {
		t.Fatal(err)
	}
	b.click(`[aria-labelledby=tokens] li .button`)
	b.until(`document.querySelector('.login') !== null && document.querySelector('#library') === null`)
}

// A stranger to an archive that everybody may read searches and hears, is offered nothing that changes it, and logs in from where they are.
func TestReadersOfAnOpenArchive(t *testing.T) {
	a := collective(t)
	b := openTab(t, startBrowser(t), a, "/?q=error+budget", withAccounts(AccessRead, newAccounts(t)))
	b.until(quiet + ` && document.querySelector('article .moment mark') !== null`)
	b.click(`article .moment`)
	b.until(`document.querySelector('.reader h2') !== null && !document.querySelector('audio').paused && document.querySelector('audio').currentTime > 0`)
	b.do(chromedp.Navigate(b.url))
	b.until(`document.querySelectorAll('.shows li').length === 3`)
	if offered := b.eval(`document.querySelectorAll('.add').length`); offered != "0" {
		t.Errorf("a stranger is offered %s things that they may not do", offered)
	}
	b.click(`.who`)
	b.until(`document.querySelector('.way[open] .login') !== null`)
	b.do(chromedp.SendKeys(`.login input[name=username]`, "admin"), chromedp.SendKeys(`.login input[name=password]`, passwordOf("admin")))
	b.click(`.login .primary`)
	b.until(`document.querySelector('.who .name')?.innerText === 'admin' && document.querySelectorAll('.add').length > 0 && document.querySelector('.way[open]') === null`)
}
