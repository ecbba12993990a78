package main

import (
	"net/http"

	"github.com/labstack/echo/v5"
)

// echoParams is [listRequest] for echo.
type echoParams struct {
	User   string `param:"user"`
	Status string `query:"status"`
	Limit  int    `query:"limit"`
}

// onEcho is echo; its error handler answers for errors that are returned. It has
// no tag for defaults, so they are there before it binds.
func onEcho() http.Handler {
	e := echo.New()
	e.POST("/upper", func(c *echo.Context) error {
		var in upperRequest
		if err := c.Bind(&in); err != nil {
			return err
		}
		out, err := upper(c.Request().Context(), in)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, &out)
	})
	e.GET("/users/:user/orders", func(c *echo.Context) error {
		in := echoParams{Status: defaultStatus, Limit: defaultLimit}
		if err := c.Bind(&in); err != nil {
			return err
		}
		out, err := list(c.Request().Context(), listRequest(in))
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, &out)
	})
	e.POST("/orders", func(c *echo.Context) error {
		var in placeRequest
		if err := c.Bind(&in); err != nil {
			return err
		}
		out, err := place(c.Request().Context(), in)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, &out)
	})
	return e
}
