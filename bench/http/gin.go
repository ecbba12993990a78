package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// ginParams is [listRequest] for gin.
type ginParams struct {
	User   string `uri:"user"`
	Status string `form:"status,default=open"`
	Limit  int    `form:"limit,default=20"`
}

// onGin is gin without the log and the recovery that it also offers.
func onGin() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.POST("/upper", func(c *gin.Context) {
		var in upperRequest
		if err := c.ShouldBindJSON(&in); err != nil {
			ginRefuse(c, http.StatusBadRequest)
			return
		}
		out, err := upper(c.Request.Context(), in)
		if err != nil {
			ginRefuse(c, http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, &out)
	})
	r.GET("/users/:user/orders", func(c *gin.Context) {
		var in ginParams
		if c.ShouldBindUri(&in) != nil || c.ShouldBindQuery(&in) != nil {
			ginRefuse(c, http.StatusBadRequest)
			return
		}
		out, err := list(c.Request.Context(), listRequest(in))
		if err != nil {
			ginRefuse(c, http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, &out)
	})
	r.POST("/orders", func(c *gin.Context) {
		var in placeRequest
		if err := c.ShouldBindJSON(&in); err != nil {
			ginRefuse(c, http.StatusBadRequest)
			return
		}
		out, err := place(c.Request.Context(), in)
		if err != nil {
			ginRefuse(c, http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, &out)
	})
	return r
}

func ginRefuse(c *gin.Context, status int) {
	c.JSON(status, gin.H{"error": http.StatusText(status)})
}
