package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// ShowVisibility is who may see a show.
type ShowVisibility struct {
	VisibleTo models.Visibility `json:"visible_to" enum:"everyone,members,admins" doc:"everyone: all who may read. members: those who are logged in. admins: admins"`
}

func (s *server) registerVisibility(h huma.API) {
	op := asking(needAdmin, huma.Operation{
		OperationID: "set-show-visibility", Method: http.MethodPut, Path: "/api/v1/shows/{id}/visibility",
		Summary: "Say who may see a show; for others it is as if it were not there",
		Errors:  []int{http.StatusNotFound},
	})
	register(s, h, op, func(ctx context.Context, in *struct {
		ID   string `path:"id" doc:"Identifier of a show" example:"0123456789abcdef"`
		Body ShowVisibility
	},
	) (*struct{ Body Show }, error) {
		return s.onShow("setting who may see", func(ctx context.Context, id models.ShowID) error {
			if err := s.Catalogue.SetShowVisibility(ctx, id, in.Body.VisibleTo); err != nil {
				return fmt.Errorf("setting who may see the show: %w", err)
			}
			return nil
		})(ctx, &showInput{in.ID})
	})
}
