// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/manifest"
)

// maxNames is how many names are tried for a SignOff that others create too.
const maxNames = 20

// hashForm is that of a content hash.
var hashForm = regexp.MustCompile(`^v[1-9][0-9]?:[0-9a-f]{64}$`)

// signing are the flags of `kubectl kdz handover sign`.
type signing struct {
	writing
	role, comment, hash string
	reject, onBehalf    bool
}

// handoverSign is `kubectl kdz handover sign`.
func (t *tool) handoverSign() *cobra.Command {
	s := &signing{}
	cmd := &cobra.Command{
		Use:   "sign HANDOVER --role ROLE",
		Short: "Sign a handover for a role",
		Long: "Shows a Handover as a checklist, asks, and creates a SignOff in your own name for\n" +
			"the content as it is. A signature is never changed or taken back. If the content\n" +
			"changes while you read, or is not that of --hash, nothing is signed.",
		Example: "  kubectl kdz handover sign termine -n amt-33 --role Operations\n" +
			"  kubectl kdz handover sign termine -n amt-33 --role Operations --reject --comment 'The manual lacks the restart'\n" +
			"  kubectl kdz handover sign -f handover.yaml --role Operations --signed-by operations@example.org -o yaml",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: t.complete("Handover", true, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.check(args); err != nil {
				return err
			}
			if s.file != "" {
				return t.draftOfFile(s, args)
			}
			if err := t.askable(&s.writing); err != nil {
				return err
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			return t.sign(cmd.Context(), c, s, args[0])
		},
	}
	t.flags.AddFlags(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&s.role, "role", "", "role to sign for: "+strings.Join(handover.Roles(), ", "))
	f.BoolVar(&s.reject, "reject", false, "reject the handover as it is; needs --comment")
	f.StringVar(&s.comment, "comment", "", "what you have to say; why, if you reject")
	f.StringVar(&s.hash, "hash", "", "content hash of what you examined; nothing is signed if it is another now")
	f.BoolVar(&s.onBehalf, "on-behalf-of-vacant-role", false, "stand in for a role that the GovernancePolicy lists as vacant")
	s.addFlags(cmd, "signed-by", "user name of who signs, if not you (needs the right signoffs/onbehalf)")
	oneOf(cmd, "role", handover.Roles())
	oneOf(cmd, "output", []string{"yaml"})
	return cmd
}

func (s *signing) check(args []string) error {
	switch {
	case s.role == "":
		return fmt.Errorf("which role do you sign for? --role is one of %s", strings.Join(handover.Roles(), ", "))
	case !slices.Contains(handover.Roles(), s.role):
		return fmt.Errorf("--role is %q, but must be one of %s", s.role, strings.Join(handover.Roles(), ", "))
	case s.reject && strings.TrimSpace(s.comment) == "":
		return errors.New("a rejection needs a comment that says why: --comment")
	case s.hash != "" && !hashForm.MatchString(s.hash):
		return fmt.Errorf("--hash is %q, but a content hash is v1: and 64 hexadecimal digits, as `kubectl kdz handover hash` prints it", s.hash)
	case len(args) == 0 && s.file == "":
		return errors.New("which Handover? Name it")
	}
	return s.writing.check()
}

func (s *signing) draft() *handover.Draft {
	d := &handover.Draft{
		Role: v1alpha1.SignOffRole(s.role), OnBehalfOfVacantRole: s.onBehalf, Outcome: v1alpha1.SignOffAccepted,
		Comment: s.comment, SignedBy: v1alpha1.UserName(s.by),
	}
	if s.reject {
		d.Outcome = v1alpha1.SignOffRejected
	}
	return d
}

// examined is an error if what the person examined is not what is there.
func (s *signing) examined(c *handover.Checklist) error {
	if s.hash == "" || s.hash == string(c.ContentHash) {
		return nil
	}
	return fmt.Errorf("the Handover is not what you examined: its content is %s, and --hash is %s; look at it again with `kubectl kdz handover status`", c.ContentHash, s.hash)
}

// draftOfFile prints a signature under a Handover of a file.
func (t *tool) draftOfFile(s *signing, args []string) error {
	all, err := read(t, s.file, manifest.Handovers)
	if err != nil {
		return err
	}
	h, err := theOne(t, all, s.file, "Handover", args)
	if err != nil {
		return err
	}
	if err := complete(h); err != nil {
		return fmt.Errorf("%s: %w", fileName(s.file), err)
	}
	list := handover.Build(handover.Given{Handover: h, Now: t.Clock.Now()})
	if err := s.examined(list); err != nil {
		return err
	}
	d := s.draft()
	d.SignedAt = t.Clock.Now()
	return t.printYAML(d.SignOff(list, func(string) bool { return false }), "")
}

// sign signs a Handover of the cluster, or prints the signature.
func (t *tool) sign(ctx context.Context, c *cluster, s *signing, name string) error {
	h, err := c.handover(ctx, name)
	if err != nil {
		return err
	}
	given := t.around(ctx, c, h)
	list := handover.Build(given)
	if err := s.examined(list); err != nil {
		return err
	}
	me, err := c.whoami(ctx)
	if err != nil {
		return err
	}
	d := s.draft()
	if d.SignedBy == "" {
		d.SignedBy = me
	}
	doubts := t.doubts(ctx, c, d, &given, list)
	taken := func(name string) bool {
		return slices.ContainsFunc(given.SignOffs, func(o v1alpha1.SignOff) bool { return o.Name == name })
	}
	if s.onlyPrints() {
		for _, doubt := range doubts {
			t.warn("%s", doubt)
		}
		d.SignedAt = c.clock.now()
		return t.printYAML(d.SignOff(list, taken), "")
	}
	doubts = append(t.unsigned(ctx, c, d, me), doubts...)
	if len(doubts) > 0 {
		return fmt.Errorf("nothing was signed: %s", strings.Join(doubts, "\n"))
	}
	if err := t.present(list.Text()+"\n"+d.Text(list), d.Remarks(list)); err != nil {
		return err
	}
	if s.writes() && !s.yes {
		if yes, err := t.confirmed(ctx, fmt.Sprintf("Do you sign for %s?", d.Role)); err != nil || !yes {
			return errors.Join(errors.New("nothing was signed"), err)
		}
	}
	if err := c.unchanged(ctx, list); err != nil {
		return err
	}
	return t.create(ctx, c, s, d, list, taken)
}

// unchanged is an error if the content is not any more what was shown.
func (c *cluster) unchanged(ctx context.Context, shown *handover.Checklist) error {
	h, err := c.handover(ctx, shown.Name)
	if err != nil {
		return fmt.Errorf("nothing was signed: %w", err)
	}
	if now := handover.Build(handover.Given{Handover: h}).ContentHash; now != shown.ContentHash {
		return fmt.Errorf("nothing was signed: the Handover was changed while you read: its content was %s and is %s; look at it again", shown.ContentHash, now)
	}
	return nil
}

// create creates the SignOff under the first name that is free.
func (t *tool) create(ctx context.Context, c *cluster, s *signing, d *handover.Draft, list *handover.Checklist, taken func(string) bool) error {
	used := map[string]bool{}
	var err error
	for range maxNames {
		d.SignedAt = c.clock.now()
		signature := d.SignOff(list, func(name string) bool { return used[name] || taken(name) })
		name := signature.Name
		err = c.writer.Create(ctx, signature, &client.CreateOptions{
			DryRun: s.options(), FieldManager: fieldManager, FieldValidation: metav1.FieldValidationStrict,
		})
		if apierrors.IsAlreadyExists(err) {
			used[name] = true
			continue
		}
		if err != nil {
			break
		}
		return t.written(&s.writing, signature, "signoff.kdz.mainz.de/"+name+" created")
	}
	return fmt.Errorf("nothing was signed: %w", explain(err))
}
